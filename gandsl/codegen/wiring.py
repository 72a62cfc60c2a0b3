"""What of a body is the same in every instance of a class: calls and connections, but no literals."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from gandsl.codegen.bodies import Body, Step
from gandsl.codegen.primitives import Primitive
from gandsl.ir.types import KINDS

Ref = tuple[Any, ...]
"""A value by how it comes about: ("param", i), or ("step", i, which result of it)."""


@dataclass(frozen=True)
class Wiring:
    """A body's structure. Bodies with equal keys can be one method."""

    key: Hashable
    refs: Mapping[str, Ref]  # id → ref, for every value the body's statements name or make


def family(kind: str) -> str:
    """The most general kind that a kind also counts as."""
    parent = KINDS[kind][1]
    return family(parent) if parent else kind


def wire(
    body: Body,
    primitive_of: Callable[[Body, Step], Primitive],
    inner: Callable[[Body], tuple[Hashable, Wiring]],
) -> Wiring:
    """The body's structure; `inner` gives the key and wiring of the bodies that it calls."""
    refs: dict[str, Ref] = {id_: ("param", index) for index, id_ in enumerate(body.params)}
    kinds = tuple(family(body.piece.graph[id_].type.kind) for id_ in body.params)
    statements: list[Hashable] = []
    for index, step in enumerate(body.steps):
        place = step.place[len(body.scope) :]
        if step.body is not None:
            key, wiring = inner(step.body)
            statements.append(("call", place, key, tuple(refs[id_] for id_ in step.reads)))
            # whatever is made inside, since another instance's surroundings may read it
            refs = {id_: ("step", index, ref) for id_, ref in wiring.refs.items()} | refs
            continue
        if step.unpacks:
            statements.append(("unpack", place[:-1], refs[step.reads[0]], len(step.results)))
        else:
            one = primitive_of(body, step)
            args = tuple(
                tuple(refs[id_] for id_ in arg) if isinstance(arg, tuple) else refs[arg] for arg in one.args
            )
            keywords = tuple((name, refs[id_]) for name, id_ in one.keyword_args.items())
            called = (one.module, one.name, place[:-1] if one.node.op == "select" else place)
            statements.append((called, args, keywords))
        refs |= {id_: ("step", index, ("result", number)) for number, id_ in enumerate(step.results)}
    return Wiring((kinds, tuple(statements)), refs)

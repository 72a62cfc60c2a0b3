"""The structure of a body: its calls and what feeds each, literals aside. Equal structures share a method."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from gandsl.codegen.analysis.calls import NodeCall
from gandsl.codegen.analysis.statements import Body, Statement, path_of
from gandsl.ir.types import KINDS

Ref = tuple[Any, ...]
"""A value by how it comes about: ("param", i), or ("statement", i, which result of it)."""


@dataclass(frozen=True)
class Structure:
    """A body's structure. Bodies with equal keys can be one method."""

    key: Hashable
    refs: Mapping[str, Ref]  # id → ref, for every value the body's statements name or make


def family(kind: str) -> str:
    """The most general kind that a kind also counts as."""
    parent = KINDS[kind][1]
    return family(parent) if parent else kind


def structure_of(
    body: Body,
    primitive_of: Callable[[Body, Statement], NodeCall],
    inner: Callable[[Body], tuple[Hashable, Structure]],
) -> Structure:
    """The body's structure; `inner` gives the key and structure of the bodies that it calls."""
    refs: dict[str, Ref] = {id_: ("param", index) for index, id_ in enumerate(body.params)}
    kinds = tuple(family(body.flat.graph[id_].type.kind) for id_ in body.params)
    statements: list[Hashable] = []
    for index, statement in enumerate(body.statements):
        place = statement.place[len(body.scope) :]
        if statement.body is not None:
            key, structure = inner(statement.body)
            module = statement.body.module[len(body.module) :]
            statements.append(("call", place, module, key, tuple(refs[id_] for id_ in statement.reads)))
            # whatever is made inside, since another instance's surroundings may read it
            refs = {id_: ("statement", index, ref) for id_, ref in structure.refs.items()} | refs
            continue
        if statement.unpacks:
            statements.append(("unpack", place[:-1], refs[statement.reads[0]], len(statement.results)))
        else:
            one = primitive_of(body, statement)
            args = tuple(
                tuple(refs[id_] for id_ in arg) if isinstance(arg, tuple) else refs[arg] for arg in one.args
            )
            keywords = tuple((name, refs[id_]) for name, id_ in one.keyword_args.items())
            layer = path_of(one.node.layer)[len(body.module) :] if one.is_layer else ()
            called = (one.called, place[:-1] if one.node.op == "select" else place, layer)
            statements.append((called, args, keywords))
        refs |= {
            id_: ("statement", index, ("result", number)) for number, id_ in enumerate(statement.results)
        }
    return Structure((kinds, tuple(statements)), refs)

"""Whether a node can run another one's layer, as `reuse` has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gandsl.ir.graph import Node
from gandsl.ir.op import Call, Op


def apart(first: Node, call: Call, node: Node, other: Call) -> str:
    """Why a node cannot run another one's layer; empty where it can."""
    if first.op != node.op:
        return f"`{node.id}` is `{node.op}`, but `{first.id}`, whose layer it would run, is `{first.op}`"
    mine, theirs = (
        {"weight of shape": {**one.spec.weights(of), **one.spec.buffers(of)}}
        | {param.name: of.attrs[param.name] for param in one.spec.params}
        | {name: rule(of) for name, rule in _sizes(one.spec).items()}
        for one, of in ((node, other), (first, call))
    )
    name = next((name for name in mine if mine[name] != theirs[name]), "")
    if not name:
        return ""
    want, have = mine[name], theirs[name]
    if isinstance(want, dict):
        tensor = next(key for key in {**want, **have} if want.get(key) != have.get(key))
        name, want, have = f"{tensor} of shape", want.get(tensor), have.get(tensor)
        want, have = (list(shape) if shape else "none" for shape in (want, have))
    return (
        f"`{node.id}` would run the layer of `{first.id}` with {'a ' * name.endswith('shape')}{name} {want}, "
        f"which is {have} there"
    )


def _sizes(op: Op) -> dict[str, Callable[[Call], Any]]:
    """What a layer is built with that follows from its inputs."""
    return {name: rule for name, rule in (op.layer.sizes if op.layer else {}).items() if callable(rule)}

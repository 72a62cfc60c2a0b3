"""What a box says of itself: short lines inside it, and all of it on hovering."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

from gandsl.analysis.cost import Cost, si
from gandsl.graph.tree import Box
from gandsl.ir.graph import Node
from gandsl.ir.ops import FAMILIES as MODULES
from gandsl.ir.text import default_of, value_text
from gandsl.ir.types import TensorType

ADDED = "package"  # the family of what installed packages add
EXPRESSION = 40  # characters of an expression in a line of a box
FAMILIES = (*MODULES, ADDED)
FAMILY = {op.name: name for name, module in MODULES.items() for op in module.OPS}


def family_of(node: Node) -> str:
    """The kind of op, which gives a box its colour."""
    return FAMILY.get(node.op, ADDED)


def size(type_: TensorType) -> str:
    """`512×8×8`, `512`, `18×512`; a kind alone where there is no shape."""
    return "×".join(map(str, type_.shape)) or type_.kind


def lines(box: Box) -> list[str]:
    """What stands in a closed box below its title."""
    if box.node is None and box.what.startswith("= "):
        return [*wrap(box.what, EXPRESSION), *map(str, box.gives[:1])]
    if box.node is None:
        count = sum(1 for _ in _primitives(box))
        gives = ", ".join(map(size, box.gives[:3]))
        return [text for text in (f"{count} nodes → {gives}", _cost(box.cost)) if text]
    if box.node.op == "call":
        return _call(box.node)
    kind, sides = box.node.type.kind, size(box.node.type)
    shared = [f"weights of {box.node.shares}"] if box.node.shares else []
    return [box.node.op, f"{kind} {sides}" if sides != kind else kind, *shared]


def _call(node: Node) -> list[str]:
    """A call of a network in a game: of whom, and what it gives."""
    network, entry = node.attrs["network"], node.attrs["entry"]
    gives = [f"{name} {'×'.join(map(str, shape))}" for name, _, shape in node.attrs["outputs"]]
    return [f"call {network}" + (f".{entry}" if entry != "forward" else ""), *gives[:3]]


def hover(box: Box) -> list[tuple[str, str]]:
    """Everything there is to say, as names and values."""
    if box.node is None:
        rows = [("id", box.id), ("is", box.what), ("cost", _cost(box.cost))]
        return [row for row in rows if row[1]]
    return [*_node(box.node), *([("cost", text)] if (text := _cost(box.cost)) else [])]


def _node(node: Node) -> list[tuple[str, str]]:
    def rank(item: tuple[str, Any]) -> bool:
        param = node.spec.param(item[0])
        return param is not None and not param.required and default_of(param) == item[1]

    rows = [("id", node.id), ("op", node.op), ("type", str(node.type))]
    rows += [("weights of", node.shares)] if node.shares else []
    rows += [(port, ", ".join(ids)) for port, ids in node.inputs.items()]
    rows += [(name, value_text(value)) for name, value in sorted(node.attrs.items(), key=rank)]
    rows.append(("at", str(node.provenance.span)))
    rows += [("in", f"{frame.what}, {frame.span}") for frame in node.provenance.frames]
    return rows


def _cost(cost: Cost) -> str:
    parts = [
        (cost.parameters, "parameters"),
        (cost.forward_flops, "FLOPs"),
    ]
    return ", ".join(f"{si(number)} {unit}" for number, unit in parts if number)


def _primitives(box: Box) -> list[Box]:
    if box.node is not None:
        return [box]
    return [inner for child in box.children for inner in _primitives(child)]

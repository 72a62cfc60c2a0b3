"""Explains a primitive: ports, parameters, traits, from the op table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gandsl.cli.topics.topic import Topic, definitions, paragraph
from gandsl.ir.op import Op, Param, Port
from gandsl.ir.ops import GAME_OPS, OPS
from gandsl.ir.text import value_text


def find(name: str, width: int) -> Topic | None:
    """An op by its name."""
    op = OPS.get(name) or GAME_OPS.get(name)
    if op is None or name == "input":
        return None
    what = "a primitive" if op.in_networks else "a primitive of games"
    parts = [f"{name}: {what}\n\n{paragraph(op.doc, width)}"]
    for title, rows in (
        ("Inputs", [(_port(port), port.doc) for port in op.ports]),
        ("Parameters", [(_param(param), _meaning(param)) for param in op.params]),
    ):
        if rows:
            parts.append("\n".join([f"{title}:", *definitions(rows, width)]))
    if op.traits:
        parts.append(
            paragraph("Traits: " + ", ".join(sorted(trait.replace("_", " ") for trait in op.traits)), width)
        )
    if op.source:
        parts.append(paragraph(f"Source: {op.source}", width))
    return Topic("op", name, "\n\n".join(parts), _facts(op))


def names() -> dict[str, str]:
    """Every op that a body may use, and what it does."""
    own = {name: f"In games: {op.doc}" for name, op in GAME_OPS.items()}
    return {name: op.doc for name, op in OPS.items() if name != "input"} | own


def _port(port: Port) -> str:
    marks = [word for word, given in (("list", port.variadic), ("optional", port.optional)) if given]
    return f"{port.name}: {' | '.join(port.kinds)}" + (f" ({', '.join(marks)})" if marks else "")


def _param(param: Param) -> str:
    return f"{param.name}: {param.type}" + ("" if param.required else f" = {_bare(param.default)}")


def _bare(value: Any) -> str:
    return value if isinstance(value, str) and value else value_text(value)


def _meaning(param: Param) -> str:
    parts = [param.doc, " | ".join(param.choices), _range(param)]
    return "; ".join(part for part in parts if part)


def _range(param: Param) -> str:
    low, high = param.minimum, param.maximum
    ends = [f"from {low:g}" if low is not None else "", f"to {high:g}" if high is not None else ""]
    return " ".join(end for end in ends if end)


def _facts(op: Op) -> dict[str, Any]:
    def plain(params: Iterable[Param]) -> list[dict[str, Any]]:
        return [
            {
                "name": p.name,
                "type": p.type,
                "required": p.required,
                "default": None if p.required else p.default,
                "minimum": p.minimum,
                "maximum": p.maximum,
                "choices": list(p.choices),
                "doc": p.doc,
            }
            for p in params
        ]

    ports = [
        {"name": p.name, "kinds": list(p.kinds), "list": p.variadic, "optional": p.optional, "doc": p.doc}
        for p in op.ports
    ]
    traits = sorted(trait.value for trait in op.traits)
    return {
        "doc": op.doc,
        "place": op.place.value,
        "ports": ports,
        "params": plain(op.params),
        "traits": traits,
        "source": op.source,
    }

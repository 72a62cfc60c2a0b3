"""Ops as Python writes them where it has an operator or a method; in games and in networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gandsl.ir.graph import Node

SUM, PRODUCT, SIGN, ATOM = range(4)  # how tight an expression binds

_OPERATORS = {"plus": ("+", SUM), "minus": ("-", SUM), "times": ("*", PRODUCT), "divide": ("/", PRODUCT)}
_METHODS = {"abs", "sqrt", "exp", "log", "sin", "cos"}


@dataclass(frozen=True)
class Text:
    """An expression, and how tight it binds."""

    text: str
    binds: int = ATOM

    def within(self, binds: int) -> str:
        """In brackets where what stands around it binds tighter."""
        return self.text if self.binds >= binds else f"({self.text})"


def written(
    node: Node, operands: Mapping[str, Text], shapes: Mapping[str, Any], number: Callable[[str], str | None]
) -> Text | None:
    """An op by its operator or method; None where it is a call of the runtime's function.

    `operands` and the `shapes` of what has samples are by port; `number` gives a parameter as a literal, or
    None where that differs.
    """
    if node.op in _OPERATORS:
        if len({len(shape) for shape in shapes.values()}) > 1:
            return None  # one number a sample beside several: the function puts them in line
        sign, binds = _OPERATORS[node.op]
        a, b = (operands.get(port) or constant(number("number") or "") for port in ("a", "b"))
        return Text(f"{a.within(binds)} {sign} {b.within(binds + 1)}", binds)
    if node.op == "negate":
        return Text(f"-{operands['x'].within(SIGN)}", SIGN)
    if node.op in _METHODS:
        return Text(f"{operands['x'].within(ATOM)}.{node.op}()")
    if node.op == "power" and node.attrs["exponent"] == 2 and number("exponent") is not None:
        return Text(f"{operands['x'].within(ATOM)}.square()")
    return None


def constant(text: str) -> Text:
    """A number as it is printed: `1 / 3` is no atom."""
    return Text(text, PRODUCT if " / " in text and not text.startswith("math.") else ATOM)


def has_form(op: str) -> bool:
    """Whether Python may write an op so."""
    return op in _OPERATORS or op in _METHODS or op in ("negate", "power")

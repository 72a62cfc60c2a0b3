"""Arithmetic of a game's expressions: each operation is a node, entry by entry over lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gandsl.diagnostics.errors import Fault
from gandsl.frontend.game.builder import GameBuilder
from gandsl.frontend.game.hearing import Hearing
from gandsl.frontend.game.values import GameTensor, entry_by_entry
from gandsl.spec import operators
from gandsl.spec.operators import known, number
from gandsl.spec.values import is_number, is_quantity, show

_OPS = {"+": "plus", "-": "minus", "*": "times", "/": "divide"}


class GameAlgebra:
    """Computes with tensors by making nodes of them.

    What it makes for the `next` of a state reads states, numbers and what is heard: see `Hearing`.
    """

    def __init__(self, builder: GameBuilder) -> None:
        self.builder = builder
        self.hearing: Hearing | None = None

    def make(self, name: str, inputs: Mapping[str, Any], **attrs: Any) -> GameTensor:
        """A node of the expression that is read. Ports hold one tensor, or a list of them. Raises Fault."""
        lists: Mapping[str, Sequence[GameTensor]]
        lists = {port: one if isinstance(one, list) else [one] for port, one in inputs.items()}
        if self.hearing is not None:
            lists = self.hearing.operands(lists)
        return self.builder.make(name, lists, **attrs)

    def binary(self, symbol: str, left: Any, right: Any) -> Any:
        """`left symbol right`. Raises Fault."""
        return entry_by_entry(lambda a, b: self._binary(symbol, a, b), left, right)

    def negate(self, value: Any) -> Any:
        """`-value`."""
        return entry_by_entry(
            lambda x: self.make("negate", {"x": x}) if is_tensor(x) else -number(x, "`-`"), value
        )

    def _binary(self, symbol: str, left: Any, right: Any) -> Any:
        doing = f"`{symbol}`"
        known(left, doing), known(right, doing)
        if not is_tensor(left) and not is_tensor(right):
            return operators.binary(symbol, left, right)
        if symbol == "**":
            if not is_number(right):
                raise Fault(
                    "G0105",
                    "the exponent of a tensor is a number",
                    "`exp(b * log(a))` is a to the power of b",
                )
            return self.make("power", {"x": left}, exponent=float(right))
        if symbol not in _OPS:
            raise Fault("G0105", f"{doing} is for numbers, not for tensors")
        return self.of_two(_OPS[symbol], left, right, doing)

    def of_two(self, name: str, left: Any, right: Any, doing: str) -> GameTensor:
        """A node of two operands; one may be a number, or a length (its images, or steps). Raises Fault."""
        left, right = (one.amount if is_quantity(one) else one for one in (left, right))
        if is_tensor(left) and is_tensor(right):
            return self.make(name, {"a": left, "b": right})
        if is_tensor(left):
            return self.make(name, {"a": left}, number=float(number(right, doing)))
        return self.make(name, {"b": right}, number=float(number(left, doing)))


def is_tensor(value: Any) -> bool:
    """Whether a value is a tensor, rather than a number."""
    return isinstance(value, GameTensor)


def a_tensor(value: Any, doing: str) -> GameTensor:
    """A tensor. Raises Fault for all else."""
    known(value, doing)
    if not isinstance(value, GameTensor):
        what = value.kind_name if hasattr(value, "kind_name") else show(value)
        raise Fault("G0105", f"{doing} wants a tensor, not {what}")
    return value

"""Arithmetic of expressions that hold tensors: each operation is a node, entry by entry over lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gandsl.diagnostics.errors import Fault
from gandsl.frontend.builder import Builder
from gandsl.frontend.values import TensorValue, entry_by_entry
from gandsl.ir.types import is_a
from gandsl.spec import operators
from gandsl.spec.operators import known, number
from gandsl.spec.values import is_number, is_quantity, show

_OPS = {"+": "plus", "-": "minus", "*": "times", "/": "divide"}


class TensorAlgebra:
    """Computes with tensors by making nodes of them, in networks and in games."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder

    def make(self, name: str, inputs: Mapping[str, Any], **attrs: Any) -> TensorValue:
        """A node of the expression that is read. Ports hold one tensor, or a list of them. Raises Fault."""
        lists = {port: one if isinstance(one, list) else [one] for port, one in inputs.items()}
        return self.builder.make(name, lists, **attrs)

    def binary(self, symbol: str, left: Any, right: Any) -> Any:
        """`left symbol right`. Raises Fault."""
        return entry_by_entry(lambda a, b: self._binary(symbol, a, b), left, right)

    def negate(self, value: Any) -> Any:
        """`-value`."""
        return entry_by_entry(
            lambda x: self.make("negate", {"x": x}) if is_tensor(x) else -number(x, "`-`"), value
        )

    def slice(self, value: TensorValue, low: int | None, high: int | None) -> TensorValue:
        """`value[low:high]`: some of the channels of a Feature or a Vector, some of the tokens of Tokens.

        Raises Fault; TypeError for what has no such axis.
        """
        if not value.type.shape:
            raise TypeError
        over = axis_of(value, "tokens")
        count = value.type.shape[0]
        start, end, _ = slice(low, high).indices(count)
        if start >= end:
            written = f"{'' if low is None else low}:{'' if high is None else high}"
            raise Fault("G0107", f"`[{written}]` leaves none of the {count} {over} of {value.kind_name}")
        if end - start == count:
            return value
        return self.make("slice", {"x": value}, over=over, start=start, count=end - start)

    def lerp(self, a: Any, b: Any, weight: Any) -> Any:
        """`a + weight (b - a)`. Raises Fault."""
        if is_tensor(a) and is_tensor(b) and is_tensor(weight):
            return self.make("lerp", {"a": a, "b": b, "weight": weight})
        return self.binary("+", a, self.binary("*", weight, self.binary("-", b, a)))

    def of_two(self, name: str, left: Any, right: Any, doing: str) -> TensorValue:
        """A node of two operands; one may be a number, or a length (its images, or steps). Raises Fault."""
        left, right = (one.amount if is_quantity(one) else one for one in (left, right))
        if is_tensor(left) and is_tensor(right):
            return self.make(name, {"a": left, "b": right})
        if is_tensor(left):
            return self.make(name, {"a": left}, number=float(number(right, doing)))
        return self.make(name, {"b": right}, number=float(number(left, doing)))

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


def is_tensor(value: Any) -> bool:
    """Whether a value is a tensor, rather than a number."""
    return isinstance(value, TensorValue)


def axis_of(value: TensorValue, of_a_list: str) -> str:
    """What the plainest axis of a kind is called: channels, or for a list of vectors what is given."""
    of_lists = any(is_a(value.type.kind, kind) for kind in ("Tokens", "Styles"))
    return of_a_list if of_lists else "channels"


def a_tensor(value: Any, doing: str) -> TensorValue:
    """A tensor. Raises Fault for all else."""
    known(value, doing)
    if not isinstance(value, TensorValue):
        what = value.kind_name if hasattr(value, "kind_name") else show(value)
        raise Fault("G0105", f"{doing} wants a tensor, not {what}")
    return value

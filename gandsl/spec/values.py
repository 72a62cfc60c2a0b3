"""The values of expressions: sizes, quantities, and stand-ins for what is known later or never."""

from __future__ import annotations

import sys
from collections.abc import Sequence as Items
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Protocol

LARGEST = 2**53  # of integers: exact in every number format the compiler writes


@dataclass(frozen=True, slots=True)
class Size:
    """Height and width in pixels, both whole and at least 1."""

    h: int
    w: int

    @property
    def long(self) -> int:
        """The longer side: what a size counts as where a number is wanted."""
        return max(self.h, self.w)

    def scaled(self, factor: int) -> Size:
        """Both sides times `factor`."""
        return Size(self.h * factor, self.w * factor)

    def divided(self, divisor: int) -> Size:
        """Both sides divided by `divisor`, rounded down (so that a side may become 0: the caller checks)."""
        return Size(self.h // divisor, self.w // divisor)

    def __str__(self) -> str:
        return str(self.h) if self.h == self.w else f"{self.h}x{self.w}"


class Absent(Enum):
    """The type of ABSENT, the value of what a condition left out."""

    ABSENT = "absent"

    def __repr__(self) -> str:
        return self.value


class Poison(Enum):
    """The type of POISON, the value of what has failed and been reported.

    Whatever is done with it gives it again and reports nothing. As it is a type of one value, `x is POISON`
    tells a checker what `x` is, and a function that may fail says so: `-> TensorValue | Poison`.
    """

    POISON = "poison"

    def __repr__(self) -> str:
        return self.value


ABSENT: Final = Absent.ABSENT
POISON: Final = Poison.POISON


class Algebra(Protocol):
    """Computes with values that expressions know nothing of. Its operands may be such, numbers, or lists."""

    def binary(self, symbol: str, left: Any, right: Any) -> Any:
        """`left symbol right`. Raises Fault."""

    def negate(self, value: Any) -> Any:
        """`-value`. Raises Fault."""


class Opaque:
    """A value that expressions hand on without knowing it: a tensor, a node with several outputs."""

    attribute_code = "G0110"  # reported where an attribute is not there

    @property
    def algebra(self) -> Algebra | None:
        """What computes with it; None where it takes no arithmetic."""
        return None

    @property
    def kind_name(self) -> str:
        """For messages: "a Feature", "the node `conv0`"."""
        return "value"

    @property
    def attributes(self) -> tuple[str, ...]:
        """The names that `.name` may have."""
        return ()

    def attribute(self, name: str) -> Any:
        """The value behind `.name`. Raises KeyError where there is none."""
        raise KeyError(name)

    def item(self, index: int) -> Any:
        """The value at `[index]`. Raises TypeError where it has no items, IndexError out of range."""
        raise TypeError(f"{self.kind_name} has no items")

    def slice(self, low: int | None, high: int | None) -> list[Any]:
        """The values at `[low:high]`. Raises TypeError where it has no items."""
        raise TypeError(f"{self.kind_name} has no items")


def algebra_of(*values: Any) -> Algebra | None:
    """What computes with values of which one, or an entry of a list, is no number; else None."""
    for value in values:
        found = (
            value.algebra
            if isinstance(value, Opaque)
            else algebra_of(*value)
            if isinstance(value, list)
            else None
        )
        if found is not None:
            return found
    return None


def quantity(number: float, unit: str) -> Any:
    """`10 kimg`: the training plan's Quantity. Raises ValueError for another unit or a number below 0."""
    from gandsl_runtime.plan import (
        Quantity,
    )  # here: few expressions have units, and the plan is slow to import

    return Quantity(float(number), "steps" if unit == "step" else unit)


def is_quantity(value: Any) -> bool:
    """Whether `value` is a Quantity, answered without importing the plan."""
    plan = sys.modules.get("gandsl_runtime.plan")
    return plan is not None and isinstance(value, plan.Quantity)


def is_number(value: Any) -> bool:
    """An int or a float; true and false are no numbers."""
    return type(value) is int or type(value) is float


def as_size(value: Any) -> Size | None:
    """A size from a size, a whole number or a list of two, None from all else. Sides below 1 make no size."""
    if isinstance(value, Size):
        return value
    sides = [value, value] if is_number(value) else value
    if not isinstance(sides, Items) or len(sides) != 2:
        return None
    whole = [
        int(side) for side in sides if is_number(side) and float(side).is_integer() and 1 <= side <= LARGEST
    ]
    return Size(*whole) if len(whole) == 2 else None


def type_name(value: Any) -> str:
    """What a value is, for messages: `a whole number`, `a list`, `a Feature`."""
    if isinstance(value, Opaque):
        return value.kind_name
    if is_quantity(value):
        return f"a quantity in {value.unit}"
    return _NAMES.get(type(value), "a value")


_NAMES: dict[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    list: "a list",
    Size: "a size",
    type(None): "null",
    Absent: "absent",
    Poison: "a value that failed",
}


def show(value: Any) -> str:
    """A value as one would write it, shortened: for messages."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, str):
        return f"'{value if len(value) <= 40 else value[:39] + '…'}'"
    if isinstance(value, list):
        return "[" + ", ".join(map(show, value[:8])) + (", …]" if len(value) > 8 else "]")
    return value.kind_name if isinstance(value, Opaque) else str(value)

"""The values of expressions: sizes, quantities, and stand-ins for what is known later or never."""

from __future__ import annotations

import sys
from collections.abc import Callable
from collections.abc import Sequence as Items
from dataclasses import field
from enum import Enum
from typing import Any, Final, Protocol

from gandsl.records import dataclass

LARGEST = 2**53  # of integers: exact in every number format the compiler writes


@dataclass(frozen=True, slots=True, init=False)
class Size:
    """One to three sides in pixels, whole and at least 1: a length; height, width; depth, height, width.

    `lone`: one number was written. It counts as two sides, but stands for as many as are meant.
    """

    sides: tuple[int, ...]
    lone: bool = field(compare=False)

    def __init__(self, *sides: int, lone: bool = False) -> None:
        object.__setattr__(self, "sides", sides)
        object.__setattr__(self, "lone", lone)

    @property
    def h(self) -> int:
        """Height: the side before the last. Raises IndexError where there is one side."""
        return self.sides[-2]

    @property
    def w(self) -> int:
        """Width: the last side."""
        return self.sides[-1]

    @property
    def attributes(self) -> dict[str, int]:
        """What `.name` may be in the language, and its value."""
        return dict(zip(SIDE_NAMES[len(self.sides)], self.sides, strict=True))

    @property
    def long(self) -> int:
        """The longest side: what a size counts as where a number is wanted."""
        return max(self.sides)

    @property
    def plain(self) -> int | list[int]:
        """As a spec writes it: a square as one number."""
        return self.sides[0] if len(self.sides) == 2 and len({*self.sides}) == 1 else list(self.sides)

    def mapped(self, change: Callable[[int], int]) -> Size:
        """Each side changed (to 0 or too many, perhaps: the caller checks)."""
        return Size(*map(change, self.sides), lone=self.lone)

    def of(self, count: int) -> Size | None:
        """The same size with so many sides; None where it has others and is no lone number."""
        if len(self.sides) == count:
            return self
        return Size(*self.sides[:1] * count, lone=True) if self.lone else None

    def __str__(self) -> str:
        return str(self.sides[0]) if len({*self.sides}) == 1 else "x".join(map(str, self.sides))


SIDE_NAMES = {1: ("t",), 2: ("h", "w"), 3: ("d", "h", "w")}
"""The names of a size's sides, by how many there are."""


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

    def slice(self, value: Any, low: int | None, high: int | None) -> Any:
        """`value[low:high]`. Raises Fault, or TypeError where it has no entries to pick from."""


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

    def slice(self, low: int | None, high: int | None) -> Any:
        """The values at `[low:high]`, or what holds them. Raises TypeError where it has no items."""
        raise TypeError(f"{self.kind_name} has no items")


@dataclass(frozen=True, slots=True)
class Table(Opaque):
    """Values by number or text: `widths[res]`. A size counts as its longer side."""

    entries: dict[int | float | str, Any]

    @property
    def kind_name(self) -> str:
        return "a table"


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
    """A size from a size, a whole number or a list of one to three, None from all else or of sides below 1.

    A size in the list counts as its longest side: `[length]`.
    """
    if isinstance(value, Size):
        return value
    lone = is_number(value)
    sides = [value, value] if lone else value
    if not isinstance(sides, Items) or isinstance(sides, str) or len(sides) not in SIDE_NAMES:
        return None
    numbers = [side.long if isinstance(side, Size) else side for side in sides]
    whole = [
        int(side) for side in numbers if is_number(side) and float(side).is_integer() and 1 <= side <= LARGEST
    ]
    return Size(*whole, lone=lone) if len(whole) == len(sides) else None


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

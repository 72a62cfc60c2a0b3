"""Arithmetic and comparison of values. Pure: each function returns a value or raises Fault."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from gandsl.diagnostics.errors import Fault
from gandsl.spec.values import (
    ABSENT,
    LARGEST,
    Opaque,
    Size,
    algebra_of,
    is_number,
    is_quantity,
    show,
    type_name,
)

MAX_LIST = 4096

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def known(value: Any, doing: str) -> Any:
    """`value`, unless it is absent. Raises Fault G0113."""
    if value is ABSENT:
        raise Fault(
            "G0113",
            f"{doing} needs a value, and this one is absent",
            "guard it with `present(…)`, or name a stand-in with `first_present(…, …)`",
        )
    return value


def number(value: Any, doing: str) -> int | float:
    """A number; a size counts as its longer side. Raises Fault G0105 for all else."""
    if is_number(value):
        return value
    if isinstance(value, Size):
        return value.long
    known(value, doing)
    help = (
        "a tensor's numbers are `.channels .height .width .dim .count`" if isinstance(value, Opaque) else None
    )
    raise Fault("G0105", f"{doing} wants a number, not {_shown(value)}", help)


def whole(value: Any, doing: str) -> int:
    """A whole number (`4.0` is one). Raises Fault G0105."""
    found = number(value, doing)
    if not float(found).is_integer():
        raise Fault(
            "G0105", f"{doing} wants a whole number, not {show(found)}", "divide with `//`, or use `floor`"
        )
    return int(found)


def bounded(value: Any) -> Any:
    """A result of arithmetic, refused where it is too large, infinite or not a number. Raises Fault G0109."""
    if type(value) is int:
        if -LARGEST <= value <= LARGEST:
            return value
        raise Fault("G0109", "the result is larger than 2**53")
    if type(value) is float:
        if math.isfinite(value):
            return value
        raise Fault("G0109", "the result is infinite or not a number")
    return value


def binary(symbol: str, left: Any, right: Any) -> Any:
    """`left symbol right` for `+ - * / // % **`. Numbers follow Python, sizes docs/language.md §2."""
    doing = f"`{symbol}`"
    known(left, doing), known(right, doing)
    if (algebra := algebra_of(left, right)) is not None:
        return algebra.binary(symbol, left, right)
    if isinstance(left, list) and isinstance(right, list) and symbol == "+":
        if len(left) + len(right) > MAX_LIST:
            raise Fault("G0108", f"a list of more than {MAX_LIST} entries")
        return left + right
    if is_quantity(left) or is_quantity(right):
        return _measured(symbol, left, right)
    if isinstance(left, Size) and _is_int(right) and symbol in ("*", "//"):
        return _sized(symbol, left, int(right))
    if isinstance(right, Size) and _is_int(left) and symbol == "*":
        return _sized(symbol, right, int(left))
    return _numeric(symbol, number(left, doing), number(right, doing))


def _is_int(value: Any) -> bool:
    return is_number(value) and math.isfinite(value) and float(value).is_integer()


def _sized(symbol: str, size: Size, factor: int) -> Size:
    if symbol == "//" and factor == 0:
        raise Fault("G0106", "division by zero")
    result = size.mapped(lambda side: side * factor if symbol == "*" else side // factor)
    if (least := min(result.sides)) < 1:
        raise Fault("G0112", f"{size} {symbol} {factor} is no size: a side would be {least}")
    return result.mapped(bounded)


def _measured(symbol: str, left: Any, right: Any) -> Any:
    """Quantities add to their like and are scaled by numbers; their ratio is a number."""
    from gandsl.spec.values import quantity

    alike = is_quantity(left) and is_quantity(right) and left.in_steps == right.in_steps
    try:
        if alike and symbol in ("+", "-"):
            factor = left.amount / left.number if left.number else 1.0
            return quantity(_numeric(symbol, left.number, right.amount / factor), left.unit)
        if alike and symbol == "/":
            return _numeric("/", left.amount, right.amount)
        if is_quantity(left) and is_number(right) and symbol in ("*", "/"):
            return quantity(_numeric(symbol, left.number, right), left.unit)
        if is_quantity(right) and is_number(left) and symbol == "*":
            return quantity(_numeric("*", left, right.number), right.unit)
    except ValueError as error:
        raise Fault("G0112", str(error)) from error
    raise Fault("G0105", f"`{symbol}` cannot join {_shown(left)} and {_shown(right)}")


def _numeric(symbol: str, left: int | float, right: int | float) -> int | float:
    if symbol in ("/", "//", "%") and right == 0:
        raise Fault("G0106", "division by zero")
    if symbol == "**" and abs(left) > 1 and right * math.log2(abs(left)) > 1023:
        raise Fault("G0109", f"{show(left)} ** {show(right)} is larger than 2**53")
    try:
        result = _ARITHMETIC[symbol](left, right)
    except ZeroDivisionError as error:
        raise Fault("G0106", "zero has no negative power") from error
    except OverflowError as error:
        raise Fault("G0109", "the result is too large") from error
    if isinstance(result, complex):
        raise Fault("G0112", f"{show(left)} ** {show(right)} is no real number")
    return bounded(result)


def negate(value: Any) -> Any:
    """`-value`."""
    if (algebra := algebra_of(value)) is not None:
        return algebra.negate(value)
    return -number(value, "`-`")


def compare(symbol: str, left: Any, right: Any) -> bool:
    """`left symbol right` for `== != < <= > >=`. Raises Fault where the answer could only be a mistake."""
    doing = f"`{symbol}`"
    known(left, doing), known(right, doing)
    if symbol in ("==", "!=") and isinstance(left, Size) and isinstance(right, Size):
        return _ORDER[symbol](left, right)
    left, right = (side.long if isinstance(side, Size) else side for side in (left, right))
    if is_number(left) and is_number(right):
        return _ORDER[symbol](left, right)
    if is_quantity(left) and is_quantity(right) and left.in_steps == right.in_steps:
        return _ORDER[symbol](left.amount, right.amount)
    if symbol in ("==", "!="):
        if left is None or right is None:
            return (left is right) == (symbol == "==")
        if type(left) is type(right) and isinstance(left, str | bool | list):
            return _ORDER[symbol](left, right)
    tensors = algebra_of(left) or algebra_of(right)
    help = "of tensors, `below(a, b)` is 1 where a is below b, else 0" if tensors else None
    raise Fault("G0105", f"{doing} cannot compare {_shown(left)} with {_shown(right)}", help)


def condition(value: Any) -> bool:
    """A truth value. Raises Fault G0105: a number is no condition."""
    if isinstance(value, bool):
        return value
    if value is ABSENT or isinstance(value, Opaque):
        help: str | None = "ask with `present(…)`"
    else:
        help = "compare it: `… > 0`" if is_number(value) else None
    raise Fault("G0105", f"a condition is true or false, not {_shown(value)}", help)


def _shown(value: Any) -> str:
    """The value's type, and the value where it is short."""
    name = type_name(value)
    if isinstance(value, str | int | float | Size) and not isinstance(value, bool):
        return f"{name} ({show(value)})"
    return name

"""A value for any parameter of the op table, by its type and bounds: what does not fit is drawn again."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from gandsl.ir.op import Op, Param, settled
from gandsl.spec.values import Size

OFTEN = 0.4  # chance that a parameter with a default is written


def attributes(rng: Random, op: Op, near: Sequence[int]) -> dict[str, Any]:
    """Values of the required parameters and some of the others; `near` are numbers that often fit."""
    return {
        param.name: drawn(rng, param, near)
        for param in op.params
        if param.required or rng.random() < OFTEN / (1 + len(op.params) / 8)
    }


def complete(op: Op, attrs: dict[str, Any]) -> dict[str, Any]:
    """Every parameter's value, as the op's rules want them."""
    found = {param.name: attrs.get(param.name, default(param)) for param in op.params}
    sized = {
        param.name: settled(found[param.name].sides)
        for param in op.params
        if param.type == "sides" and isinstance(found[param.name], Size)
    }
    return found | sized


def default(param: Param) -> Any:
    """A row's default in the form that rules take."""
    if param.type == "size" and isinstance(param.default, int):
        return Size(param.default, param.default)
    return param.default


def drawn(rng: Random, param: Param, near: Sequence[int] = ()) -> Any:
    """One value of the parameter's type within its bounds."""
    return _DRAW[param.type](rng, param, near)


def written(value: Any) -> Any:
    """The value as a spec says it."""
    if isinstance(value, Size):
        return value.plain
    return list(value) if isinstance(value, tuple) else value


def _int(rng: Random, param: Param, near: Sequence[int]) -> int:
    low = int(param.minimum or 0)
    high = int(min(param.maximum or 6, low + 6))
    fitting = [number for number in near if low <= number <= (param.maximum or 10**9)]
    return rng.choice(fitting) if fitting and rng.random() < 0.6 else rng.randint(low, high)


def _float(rng: Random, param: Param, near: Sequence[int]) -> float:
    low = -1.5 if param.minimum is None else max(param.minimum, 0.0)
    high = min(4.0 if param.maximum is None else param.maximum, 4.0)
    if isinstance(param.default, float) and 0 < abs(param.default) < 0.01:
        return param.default * rng.choice([1.0, 10.0])  # a guard against division by zero stays one
    if param.name == "exponent":  # of what may be below 0
        return rng.choice([1.0, 2.0, 3.0])
    # a bound itself is legal too, but a slope or a share of exactly 0 hides what is behind it
    return round(rng.uniform(low + 0.05 * (high - low), high - 0.05 * (high - low)), 3)


def _size(rng: Random, param: Param, near: Sequence[int]) -> Size:
    sides = [number for number in near if 1 <= number <= 9] or [4]
    h = rng.choice(sides) if rng.random() < 0.6 else rng.randint(1, 8)
    w = h if rng.random() < 0.7 else rng.choice([*sides, *range(1, 7)])
    return Size(h, w)


def _sides(rng: Random, param: Param, near: Sequence[int]) -> Any:
    if param.name not in ("kernel", "size"):  # most often one number for both
        return _int(rng, param, near)
    return settled(_size(rng, param, near).sides)


def _ints(rng: Random, param: Param, near: Sequence[int]) -> tuple[int, ...]:
    if param.required:  # a shape
        return tuple(rng.choice([*near, 2, 3, 4]) for _ in range(rng.choice([1, 2, 2, 3])))
    return tuple(rng.choice([0, 0, 1, 1, 2, -1]) for _ in param.default)


def _floats(rng: Random, param: Param, near: Sequence[int]) -> tuple[float, ...]:
    half = [float(rng.randint(1, 4)) for _ in range(rng.randint(1, 2))]
    return (*half, *rng.choice([reversed(half), half[:0], [2.0, 1.0]]))


_DRAW = {
    "int": _int,
    "float": _float,
    "size": _size,
    "sides": _sides,
    "ints": _ints,
    "floats": _floats,
    "bool": lambda rng, param, near: rng.random() < 0.5,
    "enum": lambda rng, param, near: rng.choice(param.choices),
}

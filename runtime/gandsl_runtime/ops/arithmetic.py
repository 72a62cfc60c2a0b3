"""Arithmetic number by number.

Beside a tensor stands one of its shape, a number, a tensor [] for all of it, [N] with one number a sample, or
[N, 1, …] beside [N, C, …], [N, tokens, 1] beside [N, tokens, features].
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def over_samples(x: Tensor, like: Tensor) -> Tensor:
    """[N] as [N, 1, …] in the format of `like` [N, …], so that it stands beside that; all else as it is."""
    return x.to(like.dtype).view(-1, *[1] * (like.dim() - 1)) if x.dim() == 1 < like.dim() else x


def in_one_format(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Two tensors in the format of the one in 16 bits, where one is: styles beside tokens."""
    if a.dtype == b.dtype or not a.dim() or not b.dim():
        return a, b
    dtype = min(a.dtype, b.dtype, key=lambda dtype: dtype.itemsize)
    return a.to(dtype), b.to(dtype)


def _of_two(
    function: Callable[[Any, Any], Tensor],
    a: Tensor | None,
    b: Tensor | None,
    number: float | None,
) -> Tensor:
    """The function of two tensors, or of one and a number in the place of the other."""
    if a is None or b is None:
        assert number is not None  # the compiler checks
        return function(number if a is None else a, number if b is None else b)
    return function(*in_one_format(over_samples(a, b), over_samples(b, a)))


def plus(a: Tensor | None = None, b: Tensor | None = None, *, number: float | None = None) -> Tensor:
    """a + b."""
    return _of_two(operator.add, a, b, number)


def minus(a: Tensor | None = None, b: Tensor | None = None, *, number: float | None = None) -> Tensor:
    """a − b."""
    return _of_two(operator.sub, a, b, number)


def times(a: Tensor | None = None, b: Tensor | None = None, *, number: float | None = None) -> Tensor:
    """a · b."""
    return _of_two(operator.mul, a, b, number)


def divide(a: Tensor | None = None, b: Tensor | None = None, *, number: float | None = None) -> Tensor:
    """a / b."""
    return _of_two(operator.truediv, a, b, number)


def below(a: Tensor | None = None, b: Tensor | None = None, *, number: float | None = None) -> Tensor:
    """1 where a < b, else 0, in their format."""
    like = a if a is not None else b
    assert like is not None  # the compiler checks
    return _of_two(operator.lt, a, b, number).to(like.dtype)


def maximum(a: Tensor | None = None, b: Tensor | None = None, *, number: float | None = None) -> Tensor:
    """The larger of a and b."""
    return _of_two(lambda x, y: _extreme(torch.maximum, torch.clamp_min, x, y), a, b, number)


def minimum(a: Tensor | None = None, b: Tensor | None = None, *, number: float | None = None) -> Tensor:
    """The smaller of a and b."""
    return _of_two(lambda x, y: _extreme(torch.minimum, torch.clamp_max, x, y), a, b, number)


def _extreme(of_two: Callable[..., Tensor], with_number: Callable[..., Tensor], x: Any, y: Any) -> Tensor:
    if isinstance(x, Tensor) and isinstance(y, Tensor):
        return of_two(x, y)
    return with_number(x, y) if isinstance(x, Tensor) else with_number(y, x)


def where(
    condition: Tensor, a: Tensor | None = None, b: Tensor | None = None, *, number: float | None = None
) -> Tensor:
    """a where the condition is above 0, else b."""
    given: list[Any] = [number if x is None else x for x in (a, b)]
    largest = max((x for x in (condition, *given) if isinstance(x, Tensor)), key=Tensor.dim)
    chosen, other = (over_samples(x, largest) if isinstance(x, Tensor) else x for x in given)
    return torch.where(over_samples(condition, largest) > 0, chosen, other)


def power(x: Tensor, *, exponent: float) -> Tensor:
    """x to a constant power."""
    return x.square() if exponent == 2 else x**exponent


def negate(x: Tensor) -> Tensor:
    """−x."""
    return -x


def abs(x: Tensor) -> Tensor:
    """|x|."""
    return x.abs()


def sqrt(x: Tensor) -> Tensor:
    """√x."""
    return x.sqrt()


def exp(x: Tensor) -> Tensor:
    """eˣ."""
    return x.exp()


def log(x: Tensor) -> Tensor:
    """Natural logarithm."""
    return x.log()


def sin(x: Tensor) -> Tensor:
    """Sine."""
    return x.sin()


def cos(x: Tensor) -> Tensor:
    """Cosine."""
    return x.cos()


def round(x: Tensor) -> Tensor:
    """The nearest whole number; of halves the even one."""
    return x.round()


def sign(x: Tensor) -> Tensor:
    """1 above 0, −1 below, 0 at 0."""
    return torch.sign(x)


def clip(x: Tensor, *, low: float | None = None, high: float | None = None) -> Tensor:
    """x, but no less than low and no more than high."""
    return x.clamp(low, high)

"""What is computed along one axis: channels [N, C, …], tokens and features [N, tokens, features], space."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from gandsl_runtime.ops.arithmetic import in_one_format

_REDUCTIONS = {
    "mean": lambda x, dims, keep: x.mean(dims, keepdim=keep),
    "sum": lambda x, dims, keep: x.sum(dims, keepdim=keep),
    "max": lambda x, dims, keep: x.amax(dims, keepdim=keep),
    "min": lambda x, dims, keep: x.amin(dims, keepdim=keep),
    "variance": lambda x, dims, keep: x.var(dims, correction=0, keepdim=keep),
}


def _dims(x: Tensor, over: str) -> tuple[int, ...]:
    """The dimensions of an axis: the first behind the samples, the last, or all behind the channels."""
    if over == "space":
        return tuple(range(2, x.dim()))
    return (x.dim() - 1,) if over == "features" else (1,)


def softmax(x: Tensor, *, over: str) -> Tensor:
    """eˣ over its sum along an axis."""
    return _one_axis(x, over, torch.softmax)


def log_softmax(x: Tensor, *, over: str) -> Tensor:
    """The logarithm of eˣ over its sum along an axis."""
    return _one_axis(x, over, torch.log_softmax)


def largest(x: Tensor, *, over: str) -> Tensor:
    """1 where a number is the largest along an axis, else 0; of equal ones, the first."""
    return _one_axis(x.detach(), over, _one_hot)


def _one_hot(x: Tensor, dim: int) -> Tensor:
    return torch.zeros_like(x).scatter(dim, x.argmax(dim, keepdim=True), 1.0)


def _one_axis(x: Tensor, over: str, function: Callable[[Tensor, int], Tensor]) -> Tensor:
    """A function that takes one dimension; of space it takes all pixels."""
    return function(x.flatten(2), 2).view_as(x) if over == "space" else function(x, *_dims(x, over))


def reduce(x: Tensor, *, how: str, over: str) -> Tensor:
    """One number of an axis's: channels and features stay as one, space and tokens go."""
    made: Tensor = _REDUCTIONS[how](x, _dims(x, over), over in ("channels", "features"))
    return made


def slice(x: Tensor, *, over: str, start: int = 0, count: int) -> Tensor:
    """`count` of what lies on an axis, from `start` on."""
    return x.narrow(_dims(x, over)[0], start, count)


def matmul(a: Tensor, b: Tensor, *, transpose: str = "none") -> Tensor:
    """[N, i, k] · [N, k, j] → [N, i, j], of matrices that may be transposed first."""
    a, b = in_one_format(a, b)
    a = a.mT if transpose in ("a", "both") else a
    return a @ (b.mT if transpose in ("b", "both") else b)

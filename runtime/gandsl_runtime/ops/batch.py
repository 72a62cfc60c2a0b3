"""One sample for many: what does not depend on the sample is computed once. The compiler puts these in."""

from __future__ import annotations

from torch import Tensor


def one_sample(x: Tensor) -> Tensor:
    """[N, …] → [1, …]."""
    return x[:1]


def repeat_sample(x: Tensor, like: Tensor) -> Tensor:
    """[1, …] → [N, …], N from `like` [N, …]. A view: not to be written to."""
    return x.expand(like.shape[0], *x.shape[1:])

"""Samples of a micro-batch among each other: shuffled, told apart; or replaced by those of before."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ..distributed import group


def shuffle(x: Tensor, by: Tensor) -> Tensor:
    """x [N, …] with its samples in the order of `by` [N], rising: of all processes, dealt as they were."""
    return _mine(_whole(x)[_whole(by).argsort(stable=True)])


def own_sample_entropy(a: Tensor, b: Tensor) -> Tensor:
    """−log softmax(a·bᵀ)ᵢᵢ [N] of vectors [N, n], over the b of all processes (arXiv:1807.03748, eq. 4)."""
    logits, now = a @ _whole(b).T, group.active()
    own = torch.arange(len(a), device=a.device) * now.size + now.rank
    return functional.cross_entropy(logits, own, reduction="none")


def sum_over_others(
    a: Tensor,
    b: Tensor,
    y: Tensor | None = None,
    *,
    who: str = "all",
    of: str = "exp",
    floor: float | None = None,
) -> Tensor:
    """Σ exp(aᵢ·bⱼ) or Σ (aᵢ·bⱼ)² [N] over j ≠ i of all processes, of vectors [N, n] and classes y [N].

    who: all others, or those of the same or of another class. floor: what a product counts as at least.
    """
    products, now = a @ _whole(b).T, group.active()
    if floor is not None:
        products = products.clamp(min=floor)
    own = torch.arange(len(a), device=a.device) * now.size + now.rank
    counted = torch.ones_like(products).scatter(1, own[:, None], 0)
    if y is not None and who != "all":
        same = y[:, None] == _whole(y)
        counted = counted * (same if who == "same" else ~same)
    return ((products.exp() if of == "exp" else products.square()) * counted).sum(1)


def replay(x: Tensor, pooled: Tensor, instead: Tensor) -> Tensor:
    """x [N, …], and samples of `pooled` where `instead` [N] is 1; a constant."""
    taken = instead.view(-1, *[1] * (x.dim() - 1)) > 0
    return torch.where(taken, pooled, x).detach()


def _whole(x: Tensor) -> Tensor:
    """The samples of all processes, in the order of their places in the batch."""
    if group.active().size == 1:
        return x
    return group.active().rows(x).transpose(0, 1).flatten(0, 1)


def _mine(x: Tensor) -> Tensor:
    """This process's of all samples."""
    return x[group.active().rank :: group.active().size]

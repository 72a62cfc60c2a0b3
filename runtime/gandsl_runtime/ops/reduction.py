"""Means and sums: over a sample's numbers, over the batch, over the entries of a list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from ..distributed import group


def mean(x: Tensor, *, processes: str = "all") -> Tensor:
    """[N, …] → []: over numbers and samples. processes: all that compute together, or own."""
    found = x.mean()
    return found if processes == "own" else group.active().average(found, len(x))


def sample_mean(x: Tensor) -> Tensor:
    """[N, …] → [N], the mean of a sample's own numbers."""
    return x if x.dim() == 1 else x.flatten(1).mean(1)


def sample_sum(x: Tensor) -> Tensor:
    """[N, …] → [N], the sum of a sample's own numbers."""
    return x if x.dim() == 1 else x.flatten(1).sum(1)


def row_sum(x: Tensor) -> Tensor:
    """[N, L, n] → [N, L], the sum of each vector."""
    return x.sum(2)


def average(terms: Sequence[Tensor]) -> Tensor:
    """The mean of tensors of one shape, number by number."""
    return torch.stack(list(terms)).mean(0) if terms[0].dim() else total(terms) / len(terms)


def total(terms: Sequence[Tensor]) -> Tensor:
    """The sum of tensors of one shape, number by number."""
    found = terms[0]
    for term in terms[1:]:
        found = found + term
    return found


def own_class_entropy(logits: Tensor, y: Tensor) -> Tensor:
    """−log P(y | x) [N] of class logits [N, k] and classes [N] (arXiv:1610.09585, eq. 3)."""
    return functional.cross_entropy(logits, y, reduction="none")


def norm(weights: Iterable[Tensor]) -> Tensor:
    """√(Σ w²) [] over all numbers of weights; its slope at 0 is 0."""
    return torch.linalg.vector_norm(torch.cat([weight.reshape(-1) for weight in weights]))


def off_diagonal(weights: Iterable[Tensor]) -> Tensor:
    """½ Σ ‖WWᵀ ∘ (1 − I)‖² over weights, each as (out, −1) (arXiv:1809.11096, eq. 3)."""
    found = torch.zeros(())
    for weight in weights:
        rows = weight.flatten(1)
        products = rows @ rows.T
        found = found.to(products) + (products - products.diag().diag()).square().sum() / 2
    return found

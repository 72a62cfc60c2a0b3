"""The leading singular values of weights, and a bound on the first (arXiv:1809.11096, section 4.1)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..plan import TopSingularValue

WIDTH, ROUNDS = 4, 8  # of the Krylov space: columns of a block, and blocks


def weights_of(network: nn.Module, skip: tuple[str, ...] = ()) -> dict[str, Tensor]:
    """A network's trained weights of two dimensions or more, less those at and below the nodes `skip`."""
    skipped = tuple(f"{id_}." for id_ in skip)
    return {
        name: weight
        for name, weight in network.named_parameters()
        if weight.ndim > 1 and weight.requires_grad and not name.startswith(skipped)
    }


def leading(matrix: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """U [rows, k], σ [k] falling, V [columns, k]: the k leading singular triples of a matrix.

    By a block Krylov space (Musco and Musco 2015, arXiv:1504.05477) from a start that is always the same: a
    pure function of the matrix, for which nothing has to be saved. σ is at most the true one.
    """
    draw = torch.Generator(matrix.device).manual_seed(0)
    start = torch.randn(matrix.shape[1], WIDTH, generator=draw, device=matrix.device, dtype=matrix.dtype)
    blocks, block = [], start[:, : min(WIDTH, *matrix.shape)]
    for _ in range(ROUNDS):
        block = torch.linalg.qr(matrix @ block).Q
        blocks.append(block)
        block = matrix.mT @ block
    space = torch.linalg.qr(torch.cat(blocks, 1)).Q
    turn, values, right = torch.linalg.svd(space.mT @ matrix, full_matrices=False)
    return space @ turn, values, right.mT


@torch.no_grad()
def bound(network: nn.Module, parameters: TopSingularValue) -> None:
    """W ← W − max(0, σ₀ − σ_clamp) u₀v₀ᵀ, in place, each W as (out, −1) (arXiv:1809.11096, section 4.1)."""
    for weight in weights_of(network, parameters.skip).values():
        matrix = weight.flatten(1)
        matrix = torch.where(matrix.isfinite().all(), matrix, 0)  # the trainer says what has diverged
        left, values, right = leading(matrix)
        if parameters.limit is not None:
            most = values.new_full((), parameters.limit)
        else:
            assert parameters.ratio is not None  # the plan has one of the two
            most = parameters.ratio * values[1] if len(values) > 1 else values[0]
        excess = (values[0] - most).clamp(min=0)
        weight -= (excess * torch.outer(left[:, 0], right[:, 0])).view_as(weight)

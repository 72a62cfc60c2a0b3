"""Several linear layers in one product. The compiler makes these of layers that stand side by side."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def shared_linear(
    x: Tensor,
    weights: Sequence[Tensor],
    biases: Sequence[Tensor] = (),
    *,
    factor: float = 1.0,
    bias_factor: float = 1.0,
) -> tuple[Tensor, ...]:
    """factor · x · Wᵢᵀ + bias_factor · bᵢ for each i. x: [N, n]; Wᵢ: [mᵢ, n]; bᵢ: [mᵢ] → tuple of [N, mᵢ]."""
    weight = torch.cat(list(weights))
    if biases:
        y = torch.addmm(torch.cat(list(biases)), x, weight.T, beta=bias_factor, alpha=factor)
    else:
        y = x @ weight.T if factor == 1.0 else (x * factor) @ weight.T
    return y.split([weight.shape[0] for weight in weights], 1)


def batched_linear(
    xs: Sequence[Tensor],
    weights: Sequence[Tensor],
    biases: Sequence[Tensor] = (),
    *,
    factor: float = 1.0,
    bias_factor: float = 1.0,
) -> tuple[Tensor, ...]:
    """factor · xᵢ · Wᵢᵀ + bias_factor · bᵢ for each i. xᵢ: [N, n]; Wᵢ: [m, n]; bᵢ: [m] → tuple of [N, m]."""
    x, weight = torch.stack(list(xs)), torch.stack(list(weights)).transpose(1, 2)
    if biases:
        bias = torch.stack(list(biases))[:, None]
        return torch.baddbmm(bias, x, weight, beta=bias_factor, alpha=factor).unbind()
    return ((x if factor == 1.0 else x * factor) @ weight).unbind()

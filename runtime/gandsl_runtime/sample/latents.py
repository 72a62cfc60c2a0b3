"""Latents to sample from: the port's distribution, cut off or scaled."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ..chance import DISTRIBUTIONS
from ..network import Port

Cut = Literal["again", "scale"]


def latent(
    port: Port, count: int, chance: torch.Generator, truncation: float | None = None, cut: Cut = "again"
) -> Tensor:
    """(count, n) from the port's distribution.

    With `truncation` ψ and cut "again", components of a normal latent beyond ±ψ are drawn again
    (arXiv:1809.11096, section 3.1); with "scale" it is ψ times a normal latent within ±2, as the authors'
    released models are sampled.
    """
    shape = (count, *port.shape)
    if truncation is None:
        return DISTRIBUTIONS[port.distribution or "normal"](torch.empty(shape), chance)
    if cut == "scale":
        return truncation * DISTRIBUTIONS["truncated_normal"](torch.empty(shape), chance)
    z = DISTRIBUTIONS[port.distribution or "normal"](torch.empty(shape), chance)
    while (outside := z.abs() > truncation).any():
        z[outside] = torch.randn(int(outside.sum()), generator=chance)
    return z

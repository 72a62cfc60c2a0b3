"""Latents to sample from: the port's distribution, cut off or scaled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from ..port import Port

Cut = Literal["again", "scale"]
DISTRIBUTIONS: dict[str, Any] = {
    "normal": lambda z, rng: z.normal_(generator=rng),
    "uniform": lambda z, rng: z.uniform_(-1, 1, generator=rng),
    "truncated_normal": lambda z, rng: torch.nn.init.trunc_normal_(z, a=-2, b=2, generator=rng),
}
MOST_OF_NUMPY = 2**32 - 1  # the largest seed of its RandomState


def latent(
    port: Port, count: int, rng: torch.Generator, truncation: float | None = None, cut: Cut = "again"
) -> Tensor:
    """(count, n) from the port's distribution.

    With `truncation` ψ and cut "again", components of a normal latent beyond ±ψ are drawn again
    (arXiv:1809.11096, section 3.1); with "scale" it is ψ times a normal latent within ±2, as the authors'
    released models are sampled.
    """
    shape = (count, *port.shape)
    if truncation is None:
        return DISTRIBUTIONS[port.distribution or "normal"](torch.empty(shape), rng)
    if cut == "scale":
        return truncation * DISTRIBUTIONS["truncated_normal"](torch.empty(shape), rng)
    z = DISTRIBUTIONS[port.distribution or "normal"](torch.empty(shape), rng)
    while (outside := z.abs() > truncation).any():
        z[outside] = torch.randn(int(outside.sum()), generator=rng)
    return z


def numpy_latents(ports: Sequence[Port], seed: int) -> tuple[Tensor, ...]:
    """A normal latent (1, n), float64, for each port in turn, from `numpy.random.RandomState(seed).randn`.

    Of a generator with one latent these are those of generate.py (stylegan2-ada-pytorch) and gen_images.py
    (stylegan3), to the last bit.
    """
    rng = np.random.RandomState(seed)
    return tuple(torch.from_numpy(rng.randn(1, *port.shape)) for port in ports)

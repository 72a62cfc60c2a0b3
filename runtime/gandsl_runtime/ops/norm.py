"""Normalization without state."""

from __future__ import annotations

from torch import Tensor


def pixel_norm(x: Tensor, *, eps: float = 1e-8) -> Tensor:
    """x / √(mean of x² over channels + eps): at each pixel of [N, C, H, W], or over [N, C] (PGGAN, 4.2)."""
    return x * (x.square().mean(1, keepdim=True) + eps).rsqrt()

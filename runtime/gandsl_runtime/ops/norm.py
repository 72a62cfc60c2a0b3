"""Normalization without state."""

from __future__ import annotations

from torch import Tensor


def pixel_norm(x: Tensor, *, eps: float = 1e-8) -> Tensor:
    """x / √(mean of x² over channels + eps): at each pixel of [N, C, H, W], or over [N, C] (PGGAN, 4.2).

    In 16 bits the mean is taken in float32, where a square of 256 does not overflow and eps is not 0.
    """
    wide = x.float() if x.element_size() == 2 else x
    return x * (wide.square().mean(1, keepdim=True) + eps).rsqrt().to(x.dtype)

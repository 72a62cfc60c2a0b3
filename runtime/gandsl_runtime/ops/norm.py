"""Normalization without state."""

from __future__ import annotations

from torch import Tensor


def pixel_norm(x: Tensor, *, eps: float = 1e-8, groups: int = 1, last: bool = False) -> Tensor:
    """x / √(mean of x² over channels + eps): at each pixel of [N, C, …], or over [N, C] (PGGAN, 4.2).

    `last`: the channels come last, as of tokens [N, n, C]. `groups`: equal runs of channels, each apart. In
    16 bits the mean is taken in float32, where a square of 256 does not overflow and eps is not 0.
    """
    at = x.dim() - 1 if last else 1
    y = x if groups == 1 else x.unflatten(at, (groups, -1))
    over = at + (groups > 1)
    wide = y.float() if y.element_size() == 2 else y
    y = y * (wide.square().mean(over, keepdim=True) + eps).rsqrt().to(x.dtype)
    return y if groups == 1 else y.flatten(at, over)

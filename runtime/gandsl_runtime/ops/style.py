"""Lists of styles, and what a style does to a feature."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .combine import over_sides


def broadcast_styles(x: Tensor, *, count: int) -> Tensor:
    """[N, n] → [N, count, n], the same style for each layer.

    A copy each, so that single layers may be overwritten.
    """
    return x[:, None].repeat(1, count, 1)


def chunks(x: Tensor, *, count: int) -> Tensor:
    """[N, count·n] → [N, count, n], equal parts in order."""
    return x.unflatten(1, (count, -1))


def stack(terms: Sequence[Tensor]) -> Tensor:
    """L times [N, n] → [N, L, n]."""
    return torch.stack(list(terms), 1)


def select(x: Tensor, *, index: int) -> Tensor:
    """[N, L, n] → [N, n], the style at `index`."""
    return x[:, index]


def modulate(x: Tensor, scale: Tensor, shift: Tensor | None = None, *, offset: float = 1.0) -> Tensor:
    """x · (scale + offset) + shift, in x's format. x: [N, C] or [N, C, H, W]; scale, shift: [N, C]."""
    if offset:
        scale = scale + offset
    scale = scale.to(x.dtype)
    shift = shift.to(x.dtype) if shift is not None else None
    if x.dim() > 2:
        scale = over_sides(scale, x)
        shift = over_sides(shift, x) if shift is not None else None
    return x * scale if shift is None else torch.addcmul(shift, x, scale)

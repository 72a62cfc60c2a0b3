"""How images come to the side that an extractor takes. The filter moves FID by points: a figure carries it.

Parmar et al. 2022 (arXiv:2104.11222) measured by how much.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

INSIDE = "inside"


def _bicubic(x: Tensor, side: int) -> Tensor:
    made = F.interpolate(x, (side, side), mode="bicubic", antialias=True, align_corners=False)
    return made.clamp_(0, 255)


def _bilinear(x: Tensor, side: int) -> Tensor:
    return F.interpolate(x, (side, side), mode="bilinear", align_corners=False)


def _bilinear_corner(x: Tensor, side: int) -> Tensor:
    """Of each axis in turn: pixel i lies at i · (old side / new side), beyond the last one it is the last."""
    for axis in (2, 3):
        old = x.shape[axis]
        place = torch.arange(side, device=x.device, dtype=torch.float32) * (old / side)
        low = place.long().clamp(max=old - 1)
        high = (low + 1).clamp(max=old - 1)
        share = (place - low).view(-1, 1) if axis == 2 else place - low
        x = torch.lerp(x.index_select(axis, low), x.index_select(axis, high), share)
    return x


FILTERS: dict[str, tuple[str, Callable[[Tensor, int], Tensor]]] = {
    "bicubic": (
        "averages when it shrinks, as Pillow does it in floats, cut off at 0 and 255 (clean-fid)",
        _bicubic,
    ),
    "bilinear": ("between four pixels, however much it shrinks; pixels are areas (pytorch-fid)", _bilinear),
    "bilinear-corner": (
        "the same with pixels as points, the first ones on each other: TensorFlow 1, which FID began with",
        _bilinear_corner,
    ),
}
"""How each is called, what it does, and the function of floats in [0, 255], (N, c, h, w)."""


def resized(x: Tensor, side: int, filter: str) -> Tensor:
    """(N, c, side, side) of floats (N, c, h, w); another aspect is squeezed, nothing is rounded.

    Images of this side are left as they are by every filter.
    """
    return x if x.shape[2:] == (side, side) else FILTERS[filter][1](x, side)

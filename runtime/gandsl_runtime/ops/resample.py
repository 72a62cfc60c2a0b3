"""Changes of size. x: [N, C, H, W], [N, C, T] or [N, C, D, H, W]; one number stands for every side."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

_LINEAR = {3: "linear", 4: "bilinear", 5: "trilinear"}  # by a batch's dimensions
_MAX = {3: functional.max_pool1d, 4: functional.max_pool2d, 5: functional.max_pool3d}
_AVERAGE: dict[int, Callable[..., Tensor]] = {
    3: functional.avg_pool1d,
    4: functional.avg_pool2d,
    5: functional.avg_pool3d,
}
_ADAPTIVE: dict[int, Callable[..., Tensor]] = {
    3: functional.adaptive_avg_pool1d,
    4: functional.adaptive_avg_pool2d,
    5: functional.adaptive_avg_pool3d,
}


def _each(value: int | tuple[int, ...], x: Tensor) -> tuple[int, ...]:
    return (value,) * (x.dim() - 2) if isinstance(value, int) else value


def _interpolated(x: Tensor, mode: str, **how: Any) -> Tensor:
    """Corners are not aligned."""
    mode = _LINEAR[x.dim()] if mode == "linear" else mode
    return functional.interpolate(x, mode=mode, align_corners=None if mode == "nearest" else False, **how)


def upsample(x: Tensor, *, factor: int | tuple[int, ...] = 2, mode: str = "nearest") -> Tensor:
    """Enlarge by a whole factor. mode: nearest, linear, bilinear or bicubic (corners not aligned)."""
    scale = float(factor) if isinstance(factor, int) else tuple(map(float, factor))
    return _interpolated(x, mode, scale_factor=scale)


def pool(x: Tensor, *, factor: int | tuple[int, ...] = 2, mode: str = "average") -> Tensor:
    """Shrink by a whole factor. mode: average, max or sum."""
    if mode == "max":
        return _MAX[x.dim()](x, factor)
    if mode == "average":
        return _AVERAGE[x.dim()](x, factor)
    if x.dim() == 3:
        return functional.avg_pool1d(x, factor) * math.prod(_each(factor, x))
    return _AVERAGE[x.dim()](x, factor, divisor_override=1)


def resize(x: Tensor, *, size: int | tuple[int, ...], mode: str = "area") -> Tensor:
    """Bring to a size: one number for every side, or each.

    mode: area (adaptive average pooling), nearest, linear, bilinear or bicubic.
    """
    sides = _each(size, x)
    if x.shape[2:] == sides:
        return x
    if mode != "area":
        return _interpolated(x, mode, size=sides)
    if all(side % wanted == 0 for side, wanted in zip(x.shape[2:], sides, strict=True)):
        factors = tuple(side // wanted for side, wanted in zip(x.shape[2:], sides, strict=True))
        return _AVERAGE[x.dim()](x, factors)
    return _ADAPTIVE[x.dim()](x, sides)


def global_pool(x: Tensor, *, mode: str = "sum") -> Tensor:
    """[N, C, H, W] → [N, C]. mode: sum, average or max."""
    over = tuple(range(2, x.dim()))
    if mode == "max":
        return x.amax(over)
    return x.mean(over) if mode == "average" else x.sum(over)


def pixel_shuffle(x: Tensor, *, factor: int = 2) -> Tensor:
    """[N, C·f², H, W] → [N, C, f·H, f·W]; of other sides f to their number."""
    if x.dim() == 4:
        return functional.pixel_shuffle(x, factor)
    sides, count = x.shape[2:], x.dim() - 2
    apart = x.unflatten(1, (-1, *[factor] * count))  # N, C, a factor for each side, the sides
    order = [one for side in range(count) for one in (2 + count + side, 2 + side)]
    return apart.permute(0, 1, *order).reshape(len(x), -1, *(factor * side for side in sides))


def pixel_unshuffle(x: Tensor, *, factor: int = 2) -> Tensor:
    """[N, C, f·H, f·W] → [N, C·f², H, W]; of other sides f to their number."""
    if x.dim() == 4:
        return functional.pixel_unshuffle(x, factor)
    sides, count = [side // factor for side in x.shape[2:]], x.dim() - 2
    apart = x.reshape(*x.shape[:2], *(one for side in sides for one in (side, factor)))
    order = [*range(3, 3 + 2 * count, 2), *range(2, 2 + 2 * count, 2)]
    return apart.permute(0, 1, *order).flatten(1, 1 + count)


def pad(x: Tensor, *, pad: tuple[int, ...] = (0, 0, 0, 0), mode: str = "zeros") -> Tensor:
    """Add a border (left, right, top, bottom, front, back, as many as there are). Zeros crop where negative.

    mode: zeros, reflect or replicate. A reflected border is narrower than its side.
    """
    return functional.pad(x, pad, mode="constant" if mode == "zeros" else mode)


def grid_sample(x: Tensor, grid: Tensor, *, mode: str = "linear", border: str = "zeros") -> Tensor:
    """x [N, C, H, W] at the places of `grid` [N, 2, h, w] → [N, C, h, w]; of other sides as many channels.

    A place is −1 to 1 over each side, from edge to edge, that of the last side first. mode: linear between
    the pixels around it, or the nearest. border: outside of x are zeros, or its outermost pixels.
    Unlike torch's own it can be differentiated twice.
    """
    sides, count = x.shape[2:], x.dim() - 2
    wide = grid.float() if grid.element_size() == 2 else grid
    at = [(wide[:, count - 1 - i] + 1) * (side / 2) - 0.5 for i, side in enumerate(sides)]
    if border == "replicate":
        at = [place.clamp(0, side - 1) for place, side in zip(at, sides, strict=True)]
    base = [place.detach().floor() if mode == "linear" else place.detach().round() for place in at]
    shares = [place - low for place, low in zip(at, base, strict=True)]
    made: Tensor | None = None
    for corner in itertools.product((0, 1), repeat=count) if mode == "linear" else [(0,) * count]:
        index = torch.zeros_like(base[0], dtype=torch.int64)
        weight = torch.ones_like(base[0])
        for low, share, step, side in zip(base, shares, corner, sides, strict=True):
            place = low.long() + step
            index = index * side + place.clamp(0, side - 1)
            weight = weight * ((place >= 0) & (place < side))
            if mode == "linear":
                weight = weight * (share if step else 1 - share)
        found = x.flatten(2).gather(2, index.flatten(1)[:, None].expand(-1, x.shape[1], -1))
        part = found.unflatten(2, grid.shape[2:]) * weight[:, None].to(x.dtype)
        made = part if made is None else made + part
    assert made is not None
    return made


def haar(x: Tensor, *, inverse: bool = False) -> Tensor:
    """[N, C, H, W] → [N, 4·C, H / 2, W / 2] in bands, that of averages first; `inverse` undoes it.

    Of every side the sums and the differences of two pixels, over √2: orthonormal. A band holds all channels;
    the last side's is the band that changes fastest.
    """
    count = x.dim() - 2
    if inverse:
        parts = list(x.chunk(2**count, 1))
        for side in reversed(range(2, x.dim())):
            pairs = zip(parts[::2], parts[1::2], strict=True)
            parts = [_interleaved((a + b) * HALF, (a - b) * HALF, side) for a, b in pairs]
        return parts[0]
    parts = [x]
    for side in range(2, x.dim()):
        halves = [part.unflatten(side, (-1, 2)).unbind(side + 1) for part in parts]
        parts = [band for a, b in halves for band in ((a + b) * HALF, (a - b) * HALF)]
    return torch.cat(parts, 1)


HALF = math.sqrt(0.5)


def _interleaved(a: Tensor, b: Tensor, side: int) -> Tensor:
    return torch.stack((a, b), side + 1).flatten(side, side + 1)

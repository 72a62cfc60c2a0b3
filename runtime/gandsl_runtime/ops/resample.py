"""Changes of size. x: [N, C, H, W]."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def upsample(x: Tensor, *, factor: int = 2, mode: str = "nearest") -> Tensor:
    """Enlarge by a whole factor. mode: nearest, bilinear or bicubic (corners not aligned)."""
    return functional.interpolate(
        x, scale_factor=float(factor), mode=mode, align_corners=None if mode == "nearest" else False
    )


def pool(x: Tensor, *, factor: int = 2, mode: str = "average") -> Tensor:
    """Shrink by a whole factor. mode: average, max or sum."""
    if mode == "max":
        return functional.max_pool2d(x, factor)
    return functional.avg_pool2d(x, factor, divisor_override=1 if mode == "sum" else None)


def resize(x: Tensor, *, size: int | tuple[int, int], mode: str = "area") -> Tensor:
    """Bring to height and width `size`.

    mode: area (adaptive average pooling), nearest, bilinear or bicubic.
    """
    height, width = (size, size) if isinstance(size, int) else size
    if x.shape[2:] == (height, width):
        return x
    if mode != "area":
        return functional.interpolate(
            x, (height, width), mode=mode, align_corners=None if mode == "nearest" else False
        )
    if x.shape[2] % height == 0 and x.shape[3] % width == 0:
        return functional.avg_pool2d(x, (x.shape[2] // height, x.shape[3] // width))
    return functional.adaptive_avg_pool2d(x, (height, width))


def global_pool(x: Tensor, *, mode: str = "sum") -> Tensor:
    """[N, C, H, W] → [N, C]. mode: sum, average or max."""
    if mode == "max":
        return x.amax((2, 3))
    return x.mean((2, 3)) if mode == "average" else x.sum((2, 3))


def pixel_shuffle(x: Tensor, *, factor: int = 2) -> Tensor:
    """[N, C·f², H, W] → [N, C, f·H, f·W]."""
    return functional.pixel_shuffle(x, factor)


def pixel_unshuffle(x: Tensor, *, factor: int = 2) -> Tensor:
    """[N, C, f·H, f·W] → [N, C·f², H, W]."""
    return functional.pixel_unshuffle(x, factor)


def pad(x: Tensor, *, pad: tuple[int, int, int, int] = (0, 0, 0, 0), mode: str = "zeros") -> Tensor:
    """Add a border (left, right, top, bottom). mode: zeros, reflect or replicate.

    Zeros crop where negative; a reflected border is narrower than its side.
    """
    return functional.pad(x, pad, mode="constant" if mode == "zeros" else mode)

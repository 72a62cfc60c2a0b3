"""Images as tensors, as pixels, as a grid, and as files of each format."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from ..system.files import whole
from .formats import FORMATS

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def to_pixels(images: Tensor, low: float, high: float) -> Tensor:
    """(…) floats in [low, high] as uint8 on the CPU, clamped and rounded (a half goes up).

    From [-1, 1] by the same two operations as in the scripts of stylegan2-ada-pytorch and stylegan3, so that
    equal images have equal bytes: x · 127.5 + 128, cut off.
    """
    scale = 255 / (high - low)
    scaled = images.detach().float() * scale + (0.5 - low * scale)
    return scaled.clamp(0, 255).to(torch.uint8).cpu()


def to_pillow(pixels: Tensor) -> Image.Image:
    """uint8 (c, h, w) as an image; of more than four channels the first three are shown."""
    channels = len(pixels) if len(pixels) in MODES else 3
    array = np.ascontiguousarray(pixels[:channels].permute(1, 2, 0).numpy())
    return Image.fromarray(array[:, :, 0] if channels == 1 else array, MODES[channels])


def grid(pixels: Tensor, columns: int) -> Image.Image:
    """uint8 (N, c, h, w) side by side, row by row; places that are left over in the last row stay black."""
    n, c, h, w = pixels.shape
    rows = -(-n // columns)
    if missing := rows * columns - n:
        pixels = torch.cat([pixels, pixels.new_zeros(missing, c, h, w)])
    tiled = pixels.view(rows, columns, c, h, w).permute(2, 0, 3, 1, 4).reshape(c, rows * h, columns * w)
    return to_pillow(tiled)


def enlarged(images: Tensor, size: tuple[int, ...]) -> Tensor:
    """(N, c, h, w) at another size by nearest neighbour, for levels below the last."""
    return (
        images if tuple(images.shape[2:]) == tuple(size) else F.interpolate(images, size=size, mode="nearest")
    )


def save(image: Image.Image, path: Path) -> None:
    """Write a file of the format that its ending names, so that a reader never sees half of it.

    PNG and WebP are lossless, JPEG has quality 95 and whole colours.
    """
    form = FORMATS[path.suffix.lower()]
    with whole(path) as new:
        image.save(new, format=form.name, **form.options)


def planar(x: Tensor, low: float, high: float) -> Tensor:
    """What is looked at, (N, c, h, w): a volume's middle slice, a signal's curve from low to high."""
    if x.dim() == 5:
        return x[:, :, x.shape[2] // 2]
    if x.dim() != 3:
        return x
    width = min(x.shape[2], CURVE[1])
    top, bottom = F.adaptive_max_pool1d(x, width), -F.adaptive_max_pool1d(-x, width)
    levels = torch.linspace(high, low, CURVE[0], dtype=x.dtype, device=x.device)[:, None]
    near = (high - low) / (2 * CURVE[0])
    inside = (levels <= top[:, :, None] + near) & (levels >= bottom[:, :, None] - near)
    return low + (high - low) * inside.any(1, keepdim=True).to(x.dtype)


CURVE = (64, 256)  # pixels of a signal's picture, at most

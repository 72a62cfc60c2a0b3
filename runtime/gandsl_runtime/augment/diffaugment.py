"""DiffAugment's policies: color, translation, cutout (arXiv:2006.10738, section 3.2)."""

from __future__ import annotations

import torch
from torch import Tensor

from .color import split
from .random_values import AugmentDraws

BRIGHTNESS = 0.5  # bound, in units of half the data's range
SATURATION, CONTRAST = (0.0, 2.0), (0.5, 1.5)
TRANSLATION = 1 / 8  # of the side, at most
CUTOUT = 1 / 2  # of the side


def color(images: Tensor, drawn: AugmentDraws, data_range: tuple[float, float]) -> Tensor:
    """Brightness; then distance from the pixel's gray, then from the image's mean, multiplied."""
    colors, alpha = split(images)
    now = _each(drawn.happens("diff_color"))
    bound = BRIGHTNESS * (data_range[1] - data_range[0]) / 2
    changed = colors + _each(_between(drawn, "brightness", -bound, bound))
    gray = changed.mean(1, keepdim=True)
    changed = gray + (changed - gray) * _each(_between(drawn, "saturation", *SATURATION))
    mean = changed.mean((1, 2, 3), keepdim=True)
    changed = mean + (changed - mean) * _each(_between(drawn, "contrast", *CONTRAST))
    changed = torch.where(now, changed, colors)
    return torch.cat((changed, alpha), 1) if alpha.shape[1] else changed


def translation(images: Tensor, drawn: AugmentDraws, data_range: tuple[float, float]) -> Tensor:
    """A shift by whole pixels; what comes in is the middle of the data's range."""
    return _translated(images, drawn, sum(data_range) / 2)


def translation_of_maps(maps: Tensor, drawn: AugmentDraws, data_range: tuple[float, float]) -> Tensor:
    """The same of masks and class maps; what comes in is 0."""
    return _translated(maps, drawn, 0)


def _translated(images: Tensor, drawn: AugmentDraws, outside: float) -> Tensor:
    now = drawn.happens("diff_translation")
    n, c, h, w = images.shape
    rows, columns = (_shifted(size, drawn, now, turn) for turn, size in enumerate((h, w)))
    inside = ((rows >= 0) & (rows < h))[:, :, None] & ((columns >= 0) & (columns < w))[:, None, :]
    places = (rows.clamp(0, h - 1) * w)[:, :, None] + columns.clamp(0, w - 1)[:, None, :]
    moved = images.flatten(2).gather(2, places.view(n, 1, h * w).expand(-1, c, -1)).view_as(images)
    return torch.where(inside[:, None], moved, outside)


def cutout(images: Tensor, drawn: AugmentDraws, data_range: tuple[float, float]) -> Tensor:
    """A rectangle of half the sides becomes the middle of the data's range; edges may cut it."""
    now = drawn.happens("diff_cutout")
    rows, columns = (_cut(size, drawn, turn) for turn, size in enumerate(images.shape[2:]))
    cut = rows[:, :, None] & columns[:, None, :] & now[:, None, None]
    return torch.where(cut[:, None], sum(data_range) / 2, images)


def _shifted(size: int, drawn: AugmentDraws, now: Tensor, turn: int) -> Tensor:
    """(n, size): which row or column is read."""
    most = int(size * TRANSLATION + 0.5)
    shift = drawn.integers("diff_translation/shift", -most, most, turn) * now
    return torch.arange(size, device=now.device) + shift[:, None]


def _cut(size: int, drawn: AugmentDraws, turn: int) -> Tensor:
    """(n, size): which rows or columns are cut. The cut begins up to half of it before the edge."""
    length = int(size * CUTOUT + 0.5)
    begin = drawn.integers("diff_cutout/begin", 0, size - length % 2, turn) - length // 2
    places = torch.arange(size, device=begin.device)
    return (places >= begin[:, None]) & (places < begin[:, None] + length)


def _between(drawn: AugmentDraws, what: str, low: float, high: float) -> Tensor:
    return low + drawn.uniform(f"diff_color/{what}") * (high - low)


def _each(numbers: Tensor) -> Tensor:
    return numbers[:, None, None, None]

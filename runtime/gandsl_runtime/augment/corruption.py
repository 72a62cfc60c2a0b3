"""Noise and cutout (arXiv:2006.06676, app. B)."""

from __future__ import annotations

import torch
from torch import Tensor

from .random_values import AugmentDraws

NOISE = 0.1  # standard deviation of the noise's standard deviation, in units of half the data's range
CUTOUT = 0.5  # of the side


def noise(images: Tensor, drawn: AugmentDraws, data_range: tuple[float, float]) -> Tensor:
    """White noise whose strength is half-normal."""
    now, strength = drawn.happens("noise"), drawn.normal("noise").abs()
    strength = strength * now * (NOISE * (data_range[1] - data_range[0]) / 2)
    return images + drawn.normal_like(images) * strength[:, None, None, None]


def cutout(images: Tensor, drawn: AugmentDraws, data_range: tuple[float, float]) -> Tensor:
    """A rectangle of half the sides about a random place becomes the middle of the data's range."""
    now, middle = drawn.happens("cutout"), drawn.uniform("cutout/middle", 2)
    rows, columns = (_within(size, middle[:, i]) for i, size in enumerate(images.shape[2:]))
    cut = rows[:, :, None] & columns[:, None, :] & now[:, None, None]
    return torch.where(cut[:, None], sum(data_range) / 2, images)


def _within(size: int, middle: Tensor) -> Tensor:
    """(n, size): pixels whose centre is nearer than half the cut to its middle."""
    places = (torch.arange(size, device=middle.device, dtype=middle.dtype) + 0.5) / size
    return (places - middle[:, None]).abs() < CUTOUT / 2

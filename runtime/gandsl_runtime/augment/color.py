"""Brightness, contrast, luma flip, hue, saturation: one matrix an image (arXiv:2006.06676, app. B)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .random_values import AugmentDraws

BRIGHTNESS = 0.2  # standard deviation, in units of half the data's range
CONTRAST, SATURATION = 0.5, 1.0  # standard deviations of log2

WITH_ALPHA = (2, 4)  # channel counts whose last is alpha, which stays


def transform(images: Tensor, drawn: AugmentDraws, data_range: tuple[float, float]) -> Tensor:
    """Colors of k channels about their axis v = (1, …, 1)/√k; a turn of hue wants k = 3.

    In the order of the paper: brightness adds b·(1, …, 1); contrast multiplies by c; the luma flip is the
    reflection 1 − 2vvᵀ; hue turns by θ about v; saturation multiplies what is perpendicular to v by s. All
    but the first commute, and brightness lies along v, so that with f = ±1 they make

        x ↦ c (f vvᵀ + s (cos θ (1 − vvᵀ) + sin θ [v]×)) x + c f b (1, …, 1).
    """
    colors, alpha = split(images)
    k, (low, high) = colors.shape[1], data_range
    middle, half = (low + high) / 2, (high - low) / 2
    happened = torch.zeros(len(images), device=images.device, dtype=torch.bool)

    def amount(name: str, neutral: float, draw: Tensor) -> Tensor:
        nonlocal happened
        now = drawn.happens(name)
        happened = happened | now
        return torch.where(now, draw, neutral)

    brightness = amount("brightness", 0, drawn.normal("brightness") * BRIGHTNESS)
    contrast = amount("contrast", 1, torch.exp2(drawn.normal("contrast") * CONTRAST))
    flip = amount("lumaflip", 1, 1 - 2 * drawn.integers("lumaflip/which", 0, 1).to(images.dtype))
    hue = amount("hue", 0, drawn.uniform("hue/angle") * (2 * math.pi))
    saturation = amount("saturation", 1, torch.exp2(drawn.normal("saturation") * SATURATION))

    along = torch.full((k, k), 1 / k, device=images.device, dtype=images.dtype)  # vvᵀ
    across = torch.eye(k, device=images.device, dtype=images.dtype) - along
    turned = across * _each(hue.cos()) + _cross(k, along) * _each(hue.sin()) if k == 3 else across
    matrix = _each(contrast) * (_each(flip) * along + _each(saturation) * turned)
    gray = contrast * flip  # what becomes of v
    shift = middle * (1 - gray) + half * gray * brightness
    changed = torch.baddbmm(_each(shift), matrix, colors.flatten(2)).view_as(colors)
    changed = torch.where(happened[:, None, None, None], changed, colors)
    return torch.cat((changed, alpha), 1) if alpha.shape[1] else changed


def split(images: Tensor) -> tuple[Tensor, Tensor]:
    """Colors and alpha (no channel where there is none)."""
    colors = images.shape[1] - (images.shape[1] in WITH_ALPHA)
    return images[:, :colors], images[:, colors:]


def _each(numbers: Tensor) -> Tensor:
    return numbers[:, None, None]


def _cross(k: int, like: Tensor) -> Tensor:
    """[v]×, (3, 3): row i has −v in column i + 1 and v in column i + 2."""
    ahead = torch.eye(k, device=like.device, dtype=like.dtype).roll(1, 1)
    return (ahead.T - ahead) / math.sqrt(3)

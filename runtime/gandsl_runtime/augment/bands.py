"""Image-space filtering: four octaves, each louder or softer at random (arXiv:2006.06676, app. B)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from .banded import BLOCK, Band, band, filtered, placed
from .random_values import AugmentDraws
from .wavelet import symlet

STRENGTH = 1.0  # standard deviation of log2 of a band's gain
POWER = (10 / 13, 1 / 13, 1 / 13, 1 / 13)  # expected in each band of a natural image, lowest first


def transform(images: Tensor, drawn: AugmentDraws, data_range: tuple[float, float]) -> Tensor:
    """Gains of the bands, each drawn in turn and the power expected then brought back to 1."""
    gains = images.new_ones(len(images), len(POWER))
    happened = torch.zeros(len(images), device=images.device, dtype=torch.bool)
    for place, share in enumerate(POWER):
        now = drawn.happens("filter", turn=place)
        gain = torch.exp2(drawn.normal("filter", turn=place) * STRENGTH)
        louder = torch.ones_like(gains)
        louder[:, place] = gain
        louder = louder / (1 - share + share * gain.square()).sqrt()[:, None]
        gains = torch.where(now[:, None], gains * louder, gains)
        happened = happened | now
    middle = sum(data_range) / 2
    changed = equalized(images - middle, gains) + middle
    return torch.where(happened[:, None, None, None], changed, images)


def equalized(images: Tensor, gains: Tensor) -> Tensor:
    """Rows and columns filtered by Σ gains[n, i] · band i; gains: (n, 4), lowest band first."""
    taps = (gains[:, :, None] * _bank(images.device, images.dtype)).sum(1)
    return filtered(images, *(_band(size, taps) for size in images.shape[2:]))


def _band(size: int, taps: Tensor) -> Band:
    block, reach = min(BLOCK, size), taps.shape[1] // 2
    return band(placed(taps, block + 2 * reach, block), size, -reach, block, size)


@lru_cache(maxsize=8)
def _bank(device: torch.device, dtype: torch.dtype) -> Tensor:
    return torch.from_numpy(bank()).to(device, dtype)


def bank() -> np.ndarray:
    """(4, 43): symmetric filters that add up to the identity, lowest band first.

    With the halfband pair L(z) = H(z)H(1/z)/2 and 1 − L of sym2: the highest band is 1 − L(z); the lowpass
    below it is split in turn by L(z²), and that by L(z⁴).
    """
    h = np.array(symlet(2))
    low = np.convolve(h, h[::-1]) / 2
    bands, below = [], np.array([1.0])
    for octave in range(len(POWER) - 1):
        spread = np.zeros((len(low) - 1) * 2**octave + 1)
        spread[:: 2**octave] = low
        lower = np.convolve(below, spread)
        bands.append(_middle(below, len(lower)) - lower)
        below = lower
    return np.stack([_middle(band, len(below)) for band in (below, *reversed(bands))])


def _middle(taps: np.ndarray, length: int) -> np.ndarray:
    """As long as wanted, with zeros on both sides."""
    return np.pad(taps, (length - len(taps)) // 2)

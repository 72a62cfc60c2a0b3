"""Another size for an image, by the formulas of torch's `interpolate`, the same bits everywhere."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Taps = tuple[np.ndarray, np.ndarray]  # places that are read, and their weights: [taps, outputs]
CUBIC = -0.75  # a, of the cubic convolution


def resized(image: np.ndarray, size: tuple[int, int], filter: str) -> np.ndarray:
    """[c, h, w] → [c, *size]: a pixel's area stays where it is, and no low pass comes before."""
    for axis, length in ((1, size[0]), (2, size[1])):
        if image.shape[axis] != length:
            image = _along(image, axis, *FILTERS[filter](image.shape[axis], length))
    return image


def _along(image: np.ndarray, axis: int, places: np.ndarray, weights: np.ndarray) -> np.ndarray:
    shape = (-1, 1) if axis == 1 else (-1,)
    parts = (
        image.take(row, axis) * weight.reshape(shape) for row, weight in zip(places, weights, strict=True)
    )
    total = next(parts)
    for part in parts:
        total = total + part
    return total


def _area(inner: int, outer: int) -> Taps:
    """The mean of all pixels that an output touches."""
    at = np.arange(outer)
    first, end = at * inner // outer, -(-(at + 1) * inner // outer)
    count = end - first
    offset = np.arange(count.max())[:, None]
    return np.minimum(first + offset, inner - 1), (offset < count) / count


def _bilinear(inner: int, outer: int) -> Taps:
    source = np.maximum(_sources(inner, outer), 0)
    left = np.floor(source).astype(np.int64)
    share = source - left
    return np.stack((left, np.minimum(left + 1, inner - 1))), np.stack((1 - share, share))


def _bicubic(inner: int, outer: int) -> Taps:
    source = _sources(inner, outer)
    left = np.floor(source).astype(np.int64)
    offsets = np.arange(-1, 3)[:, None]
    x = np.abs(source - left - offsets)
    near = ((CUBIC + 2) * x - (CUBIC + 3)) * x**2 + 1
    far = ((x - 5) * x + 8) * x * CUBIC - 4 * CUBIC
    return (left + offsets).clip(0, inner - 1), np.where(x <= 1, near, far)


def _sources(inner: int, outer: int) -> np.ndarray:
    """Where the middle of each output pixel lies among the inner ones."""
    return (np.arange(outer) + 0.5) * (inner / outer) - 0.5


FILTERS: dict[str, Callable[[int, int], Taps]] = {"area": _area, "bilinear": _bilinear, "bicubic": _bicubic}

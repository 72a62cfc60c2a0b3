"""Sliced Wasserstein distance (SWD) of patches, for each level of a Laplacian pyramid apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .arrays import Array, blocks

PATCH = 7  # pixels wide and high
COARSEST = 16  # pixels: a level has no smaller side
AT_ONCE = 16  # directions that are projected on together


class Patches:
    """Random patches of images, a table of them for each level: arXiv:1710.10196, section 5.

    Images stream in. Which patches are taken follows from `seed` and an image's place alone. Holds them in
    half precision, which moves a distance by some 1e-5 of itself: 38 kB for each level of a colour image.
    """

    def __init__(self, each: int = 128, seed: int = 0) -> None:
        self.each = each
        self.seed = seed
        self.images = 0
        self._found: defaultdict[int, list[Array]] = defaultdict(list)

    def add(self, images: Any) -> None:
        """Take the patches of more images, (n, c, h, w) of 0 to 255.

        Raises ValueError for images smaller than a patch.
        """
        batch = torch.from_numpy(np.array(images, dtype=np.float32))
        if min(batch.shape[2:]) < PATCH:
            raise ValueError(f"SWD: images of {batch.shape[2]}×{batch.shape[3]} are smaller than its patches")
        for level in levels(batch):
            side = min(level.shape[2:])
            self._found[side].append(self._taken(level.numpy(), side))
        self.images += len(batch)

    @property
    def sides(self) -> list[int]:
        """The levels, by the shorter side of their images in pixels, the finest first."""
        return sorted(self._found, reverse=True)

    def level(self, side: int) -> Array:
        """float16 (images · each, c · 49): one row a patch."""
        self._found[side] = [np.concatenate(self._found[side])]
        return self._found[side][0]

    def _taken(self, level: Array, side: int) -> Array:
        """Of one level (n, c, h, w): each patch of the image."""
        places = np.stack([self._places(self.images + n, side, level.shape[2:]) for n in range(len(level))])
        windows = np.lib.stride_tricks.sliding_window_view(level, (PATCH, PATCH), axis=(2, 3))
        image = np.arange(len(level))[:, None]
        patches = windows[image, :, places[:, 0], places[:, 1]]
        return patches.reshape(len(level) * self.each, -1).astype(np.float16)

    def _places(self, image: int, side: int, size: tuple[int, ...]) -> Array:
        """(2, each): where patches of an image begin."""
        draws = np.random.Generator(np.random.Philox(key=[self.seed, side], counter=[0, image, 0, 0]))
        return np.stack([draws.integers(0, extent - PATCH + 1, self.each) for extent in size])


def levels(images: Tensor) -> Iterator[Tensor]:
    """A Laplacian pyramid of images (n, c, h, w): what each level has beyond the next, and the last whole.

    Burt & Adelson 1983, IEEE TCOM 31(4). A level is followed by one of half its size where that has no side
    shorter than 16 pixels.
    """
    while min(images.shape[2:]) >= 2 * COARSEST:
        coarser = _blurred(images)[:, :, ::2, ::2]
        apart = images.new_zeros(images.shape)
        apart[:, :, ::2, ::2] = 4 * coarser
        yield images - _blurred(apart)
        images = coarser
    yield images


def _blurred(images: Tensor) -> Tensor:
    """By the binomial filter of 5 × 5; beyond the border is the mirror image, without the border itself."""
    taps = images.new_tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    channels = images.shape[1]
    kernel = (taps[:, None] * taps).expand(channels, 1, 5, 5)
    return functional.conv2d(functional.pad(images, (2, 2, 2, 2), "reflect"), kernel, groups=channels)


def sliced_wasserstein(
    made: Patches, real: Patches, directions: int = 512, seed: int = 0
) -> dict[int, float]:
    """For each level, by its side, 1,000 times the mean distance of patches along random directions.

    Each side's patches have each channel's mean taken off, and are divided by its standard deviation; along a
    direction, the distance is the mean of differences in sorted order. Raises ValueError unless both sides
    have as many images, of one size.
    """
    if not made.images or made.sides != real.sides or _shapes(made) != _shapes(real):
        counts = f"{made.images} samples and {real.images} real images"
        raise ValueError(f"SWD: {counts}: as many of both are wanted, of one size and as many channels")
    return {side: _distance(made.level(side), real.level(side), directions, seed) for side in made.sides}


def _shapes(patches: Patches) -> list[tuple[int, ...]]:
    return [patches.level(side).shape for side in patches.sides]


def _distance(a: Array, b: Array, directions: int, seed: int) -> float:
    random = np.random.default_rng(seed).standard_normal((directions, a.shape[1]))
    random /= np.linalg.norm(random, axis=1, keepdims=True)
    one, other = _standard(a), _standard(b)
    total = 0.0
    for some in blocks(directions, AT_ONCE):
        apart = np.abs(_sorted(a, random[some], *one) - _sorted(b, random[some], *other))
        total += float(apart.sum(dtype=np.float64))
    return 1000 * total / (directions * len(a))


def _standard(patches: Array) -> tuple[Array, Array]:
    """Mean and standard deviation of each value's channel."""
    pixels = PATCH * PATCH
    sums, squares = np.zeros((2, patches.shape[1]))
    for rows in blocks(len(patches), 1 << 14):
        wide = patches[rows].astype(np.float64)
        sums += wide.sum(0)
        squares += np.einsum("nf,nf->f", wide, wide)
    means, powers = (
        np.repeat(found.reshape(-1, pixels).sum(1) / (len(patches) * pixels), pixels)
        for found in (sums, squares)
    )
    return means, np.sqrt(np.maximum(powers - means**2, 0))


def _sorted(patches: Array, directions: Array, means: Array, deviations: Array) -> Array:
    """float32 (directions, N): where patches lie along each direction, in order."""
    turned = directions / np.where(deviations > 0, deviations, 1)
    found = np.empty((len(directions), len(patches)), dtype=np.float32)
    for rows in blocks(len(patches), 1 << 14):
        found[:, rows] = turned.astype(np.float32) @ patches[rows].astype(np.float32).T
    found -= (turned @ means)[:, None].astype(np.float32)
    found.sort(axis=1)
    return found

"""Fréchet distance of features: of their means and covariances, and extrapolated to any number of images."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .arrays import ROWS, Array, Floats, blocks, checked


@dataclass(frozen=True)
class Moments:
    """Count, mean (f) and scatter Σ(x − mean)(x − mean)ᵀ (f, f) of features, in float64.

    Moments of parts add up to those of the whole, and a part can be taken out again (Chan et al. 1983, The
    American Statistician 37(3), equations 2.1): so they merge over processes, and leave out groups of images.
    """

    count: int
    mean: Floats
    scatter: Floats

    @classmethod
    def of(cls, features: Any) -> Moments:
        """Of features (N, f), N ≥ 1, block by block. Raises ValueError where they are none."""
        found = checked(features, 1, "moments")
        return sum((_of_block(found[rows]) for rows in blocks(len(found), 4 * ROWS)), start=NONE)

    def __add__(self, other: Moments) -> Moments:
        if not self.count or not other.count:
            return self if self.count else other
        count = self.count + other.count
        apart = other.mean - self.mean
        mean = self.mean + apart * (other.count / count)
        between = np.outer(apart, apart * (self.count * other.count / count))
        return Moments(count, mean, self.scatter + other.scatter + between)

    def __sub__(self, part: Moments) -> Moments:
        """Without a part of it. Raises ValueError where that leaves nothing."""
        count = self.count - part.count
        if count < 1:
            raise ValueError(f"{self.count} images without {part.count} leave none")
        mean = self.mean + (self.mean - part.mean) * (part.count / count)
        apart = part.mean - mean
        between = np.outer(apart, apart * (count * part.count / self.count))
        return Moments(count, mean, self.scatter - part.scatter - between)

    @property
    def covariance(self) -> Floats:
        """(f, f), unbiased. Raises ValueError for a single image."""
        if self.count < 2:
            raise ValueError("a covariance wants at least 2 images")
        return self.scatter / (self.count - 1)


NONE = Moments(0, np.zeros(0), np.zeros((0, 0)))


def _of_block(rows: Array) -> Moments:
    wide = rows.astype(np.float64)
    mean = wide.mean(0)
    wide -= mean
    return Moments(len(wide), mean, wide.T @ wide)


class RealMoments:
    """Moments that others are compared with: the square root of their covariance is taken once."""

    def __init__(self, moments: Moments) -> None:
        self.moments = moments

    @cached_property
    def _root(self) -> Floats:
        values, vectors = np.linalg.eigh(self.moments.covariance)
        root: Floats = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
        return root

    def distance(self, other: Moments) -> float:
        """‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½): arXiv:1706.08500, equation 6.

        The trace of the root is that of the symmetric (Σ₁^½ Σ₂ Σ₁^½)^½, whose eigenvalues are real. Raises
        ValueError where one side has a single image, or the features differ in number.
        """
        one, two = self.moments, other
        if one.mean.shape != two.mean.shape:
            raise ValueError(f"{len(one.mean)} features on one side, and {len(two.mean)} on the other")
        between = self._root @ two.covariance @ self._root
        roots = np.sqrt(np.maximum(np.linalg.eigvalsh((between + between.T) / 2), 0))
        apart = one.mean - two.mean
        traces = np.trace(one.covariance) + np.trace(two.covariance)
        return float(apart @ apart + traces - 2 * roots.sum())


def frechet(made: Moments, real: Moments) -> float:
    """Fréchet distance of two Gaussians with these moments. Raises ValueError as `RealMoments.distance`."""
    return RealMoments(real).distance(made)


def frechet_infinity(made: Any, real: RealMoments, points: int = 15, seed: int = 0) -> float:
    """The Fréchet distance that infinitely many samples would have: Chong & Forsyth 2020 (arXiv:1911.07023).

    Of `made` (N, f), random subsets of N/2 to N images, `points` of them at equal steps, give distances; the
    line through them over 1/n is read at 0. (The paper begins at N/10, with 50,000 images; with fewer images
    than twice the features the line bends.) What the finite number of real images adds stays, as there.
    Raises ValueError for fewer than 20 samples or 2 points.
    """
    found = checked(made, 20, "FD∞")
    if points < 2:
        raise ValueError("a line wants at least 2 points")
    draws = np.random.default_rng(seed)
    sizes = np.linspace(len(found) / 2, len(found), points).round().astype(int)
    distances = [
        real.distance(Moments.of(found[np.sort(draws.choice(len(found), size, replace=False))]))
        for size in sizes
    ]
    _, at_none = np.polyfit(1 / sizes, distances, 1)
    return float(at_none)

"""Kernels of blurs: normalized, [size, size], float64."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

PROFILES: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "gaussian": lambda q, beta: np.exp(-q / 2),
    "generalized": lambda q, beta: np.exp(-(q**beta) / 2),
    "plateau": lambda q, beta: 1 / (1 + q**beta),
}
"""Weight by the squared distance q, in standard deviations (Liu et al. 2020, arXiv:1909.08953)."""
ANGLES = 256  # of the mean that a Bessel function is


def blurring(
    kind: str, size: int, sigma: float, across: float | None, angle: float, beta: float
) -> np.ndarray:
    """Of standard deviations `sigma` along `angle`, counted from x to y, and `across` it."""
    x, y = _places(size)
    along = (math.cos(angle) * x + math.sin(angle) * y) / sigma
    aside = (math.cos(angle) * y - math.sin(angle) * x) / (across or sigma)
    return _normalized(PROFILES[kind](along**2 + aside**2, beta))


def ringing(size: int, cutoff: float) -> np.ndarray:
    """The low pass of a disk of frequencies: ω·J₁(ω·r)/(2π·r), and ω²/(4π) in the middle."""
    r = np.hypot(*_places(size))
    away = np.where(r > 0, r, 1)
    return _normalized(
        np.where(r > 0, cutoff * bessel_j1(cutoff * r) / (2 * math.pi * away), cutoff**2 / (4 * math.pi))
    )


def bessel_j1(x: np.ndarray) -> np.ndarray:
    """J₁: the mean of cos(τ − x·sin τ) over a turn, exact to rounding for |x| < 200."""
    turn = np.arange(ANGLES) * (2 * math.pi / ANGLES)
    mean: np.ndarray = np.cos(turn - x[..., None] * np.sin(turn)).mean(-1)
    return mean


def _places(size: int) -> tuple[np.ndarray, np.ndarray]:
    """x and y of each place from the middle."""
    line = np.arange(size) - size // 2
    x, y = np.meshgrid(line, line)
    return x.astype(np.float64), y.astype(np.float64)


def _normalized(kernel: np.ndarray) -> np.ndarray:
    found: np.ndarray = kernel / kernel.sum()
    return found

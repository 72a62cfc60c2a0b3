"""The least asymmetric orthogonal wavelet filters, sym2 and sym6, from the equations that define them."""

from __future__ import annotations

import itertools
import math
from functools import cache

import numpy as np


@cache
def symlet(moments: int) -> tuple[float, ...]:
    """The 2·moments taps of the lowpass filter h, with Σ h = √2 and Σ h[n] h[n − 2k] = δ_k.

    h(z) = c (1 + z)^N q(z) has N vanishing moments and |q|² = P(y) = Σ_{k<N} C(N−1+k, k) y^k where
    y = (2 − z − 1/z)/4 (Daubechies, Ten Lectures on Wavelets, 1992, eq. 6.1.12). Of each pair of roots z, 1/z
    above a root of P, q takes one, conjugates together; among the filters this leaves, the symlet is the one
    whose phase is nearest to a straight line (section 8.1.1). Its mirror image is as good: the one whose
    weight lies earlier is taken.
    """
    p = [math.comb(moments - 1 + k, k) for k in range(moments)]
    above = [root for root in np.roots(p[::-1]) if root.imag > -1e-9]  # one of each conjugate pair
    pairs = [np.roots([1, 4 * y - 2, 1]) for y in above]  # z + 1/z = 2 − 4y
    filters = []
    for choice in itertools.product((0, 1), repeat=len(pairs)):
        q = np.array([1.0])
        for pair, y, side in zip(pairs, above, choice, strict=True):
            z = pair[side]
            factor = [1, -2 * z.real, abs(z) ** 2] if abs(y.imag) > 1e-9 else [1, -z.real]
            q = np.convolve(q, factor)
        h = np.convolve(np.poly(-np.ones(moments)), q)
        filters.append(h * math.sqrt(2) / h.sum())
    straightest = min(_bend(h) for h in filters)
    h = min((h for h in filters if _bend(h) < straightest + 1e-6), key=centre)
    return tuple(h.tolist())


def centre(taps: np.ndarray | tuple[float, ...]) -> float:
    """Σ n h[n] / Σ h[n]: the delay of low frequencies, and of anything linear."""
    return float(np.dot(np.arange(len(taps)), taps) / np.sum(taps))


def _bend(h: np.ndarray) -> float:
    """How far the phase is from the nearest straight line through 0, mean square."""
    w = np.linspace(0, 0.98 * math.pi, 500)  # at π the gain is 0
    phase = np.unwrap(np.angle(np.exp(-1j * np.outer(w, np.arange(len(h)))) @ h))
    return float(np.mean((phase - w * (w @ phase) / (w @ w)) ** 2))

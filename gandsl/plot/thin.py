"""Long curves made short enough for a screen; each point says what it stands for, so nothing is hidden."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import fsum

from gandsl.plot.log import LoggedCurve

MOST = 800  # points of a curve: about as many as a chart has pixels


@dataclass(frozen=True)
class Thin:
    """Points of a curve; of a band, or where each stands for several records, with the lowest and highest."""

    images: list[float]
    values: list[float]  # means
    low: list[float] | None = None
    high: list[float] | None = None
    each: int = 1  # records at most that a point stands for


def thinned(curve: LoggedCurve) -> Thin:
    """The curve itself, or of each of MOST runs of records, equal up to one, the mean and both extremes."""
    count = len(curve)
    if count <= MOST:
        return Thin(list(curve.images), list(curve.values))
    edges = [place * count // MOST for place in range(MOST + 1)]
    images, means, low, high = [], [], [], []
    for begin, end in pairwise(edges):
        part = curve.values[begin:end]
        images.append(fsum(curve.images[begin:end]) / len(part))
        means.append(fsum(part) / len(part))
        low.append(min(part))
        high.append(max(part))
    return Thin(images, means, low, high, -(-count // MOST))

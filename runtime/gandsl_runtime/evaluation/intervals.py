"""Where a figure may lie: over images, by leaving groups of them out, or over training seeds, by runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np

from .figure import Interval, Over
from .student import quantile


def jackknife(statistic: Callable[[Collection[int]], float], groups: int, level: float = 0.95) -> Interval:
    """Where the figure lies over images: other samples of one generator, and other real images.

    `statistic` computes it of the groups of images that it is given, out of 0 to `groups` − 1, such as
    `KernelSums.distance`; each is left out in turn: Efron & Stein 1981, The Annals of Statistics 9(3),
    equation 1.4, with Student's t of `groups` − 1 degrees. It says nothing of what another training would
    have given, which moves figures several times more. Raises ValueError for fewer than 2 groups;
    MissingExtra.
    """
    if groups < 2:
        raise ValueError(f"an interval over images wants at least 2 groups of them, and not {groups}")
    every = range(groups)
    left_out = [statistic([one for one in every if one != group]) for group in every]
    return _around(statistic(every), jackknife_error(left_out), groups - 1, level, "images")


def jackknife_error(left_out: Sequence[float]) -> float:
    """The standard error of a figure, by what it is with each group of images left out."""
    found = np.array(left_out)
    return float(np.sqrt((len(found) - 1) / len(found) * ((found - found.mean()) ** 2).sum()))


def over_seeds(values: Sequence[float], level: float = 0.95) -> Interval:
    """Where the mean over training seeds lies, of the figures of runs of one spec: Student's t.

    Raises ValueError for fewer than 2 runs; MissingExtra.
    """
    if len(values) < 2:
        raise ValueError(f"an interval over training seeds wants at least 2 runs, and not {len(values)}")
    error = float(np.std(values, ddof=1) / np.sqrt(len(values)))
    return _around(float(np.mean(values)), error, len(values) - 1, level, "training seeds")


def _around(value: float, error: float, degrees: int, level: float, over: Over) -> Interval:
    reach = quantile(degrees, level) * error
    return Interval(value - reach, value + reach, over, level)

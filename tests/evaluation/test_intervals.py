"""Intervals against scipy's, and how often they hold what they should."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pytest
import scipy.stats

from gandsl_runtime.evaluation.intervals import jackknife, over_seeds
from gandsl_runtime.evaluation.kernel import KernelSums


def test_over_seeds_is_student_s_interval() -> None:
    values = [3.0, 4.5, 3.7, 5.1]
    found = over_seeds(values, level=0.9)
    theirs = scipy.stats.t.interval(0.9, 3, np.mean(values), scipy.stats.sem(values))
    assert (found.low, found.high) == pytest.approx(theirs, rel=1e-12)
    assert (found.over, found.level) == ("training seeds", 0.9)


def test_of_a_mean_the_jackknife_is_student_s_interval() -> None:
    """Groups of one image each: there the two are the same."""
    values = np.random.default_rng(0).exponential(size=12)

    def mean(kept: Collection[int]) -> float:
        return float(values[list(kept)].mean())

    found = jackknife(mean, 12)
    theirs = scipy.stats.t.interval(0.95, 11, values.mean(), scipy.stats.sem(values))
    assert (found.low, found.high) == pytest.approx(theirs, rel=1e-12)
    assert (found.over, found.level) == ("images", 0.95)


def test_of_100_intervals_95_hold_the_truth() -> None:
    """KID of uniform features; the truth is its mean over many sets. Three standard errors are allowed."""
    draws = np.random.default_rng(1)
    sums = [KernelSums.of(draws.random((200, 2)) + 1, draws.random((200, 2)), groups=10) for _ in range(400)]
    truth = np.mean([one.distance() for one in sums])
    held = [found.low <= truth <= found.high for found in (jackknife(one.distance, 10) for one in sums)]
    assert abs(np.mean(held) - 0.95) < 3 * np.sqrt(0.95 * 0.05 / 400)


def test_too_few_are_told() -> None:
    with pytest.raises(ValueError, match="over images wants at least 2 groups of them, and not 1"):
        jackknife(len, 1)
    with pytest.raises(ValueError, match="over training seeds wants at least 2 runs, and not 1"):
        over_seeds([1.0])

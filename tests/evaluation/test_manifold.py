"""Precision, recall, density, coverage: against prdc on random features, by hand where points coincide."""

from __future__ import annotations

import numpy as np
import pytest
from prdc import compute_prdc

from gandsl_runtime.evaluation.manifold import Manifold, manifold


@pytest.mark.parametrize(("made", "real", "k"), [(1300, 2100, 3), (700, 300, 5), (60, 50, 1)])
def test_it_is_what_prdc_has(made: int, real: int, k: int) -> None:
    """More images than a block, fewer, and sides of different size."""
    draws = np.random.default_rng(made)
    samples = draws.standard_normal((made, 8)) * 0.9 + 0.3
    images = draws.standard_normal((real, 8))
    theirs = compute_prdc(images, samples, k)
    found = manifold(samples.astype(np.float32), images.astype(np.float32), k)
    assert vars(found) == pytest.approx(theirs, abs=1e-12)


def test_far_from_the_origin_nothing_is_lost() -> None:
    draws = np.random.default_rng(0)
    samples, images = draws.standard_normal((2, 200, 4))
    assert manifold(samples + 1e4, images + 1e4, 3) == manifold(samples, images, 3)


def test_equal_sets_are_all_within() -> None:
    rows = np.random.default_rng(1).standard_normal((300, 5))
    found = manifold(rows, rows, 3)
    assert (found.precision, found.recall, found.coverage) == (1.0, 1.0, 1.0)


def test_a_border_lies_within() -> None:
    """On a line: real images at 0, 1, 3; samples at 2 and 10. Of k = 1 the reaches are 1, 1, 2 and 8, 8."""
    images, samples = np.array([[0.0], [1.0], [3.0]]), np.array([[2.0], [10.0]])
    assert manifold(samples, images, 1) == Manifold(
        precision=1 / 2,
        recall=1.0,
        density=2 / 2,  # the sample at 2 lies within 1 ± 1 and 3 ± 2, that at 10 in none
        coverage=2 / 3,
    )


def test_images_that_are_there_more_than_once_are_near_themselves_alone() -> None:
    """Of reach 0: a copy is within, and whatever is not a copy is not."""
    images = np.repeat(np.random.default_rng(2).standard_normal((10, 1280)), 4, axis=0).astype(np.float32)
    assert manifold(images[:5], images, 3).precision == 1.0
    assert manifold(images[:5] + np.float32(1e-3), images, 3).precision == 0.0


def test_too_few_images_are_told() -> None:
    with pytest.raises(ValueError, match=r"precision and recall at k = 3, real images: 3 images are too few"):
        manifold(np.zeros((9, 2)), np.zeros((3, 2)), 3)
    with pytest.raises(ValueError, match="k is the number of a neighbour, 1 or more, and not 0"):
        manifold(np.zeros((9, 2)), np.zeros((9, 2)), 0)

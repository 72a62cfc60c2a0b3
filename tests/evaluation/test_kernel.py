"""KID against torchmetrics on random features, and sums of groups against images left out."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gandsl_runtime.evaluation.kernel import KernelSums, kid


def sets(made: int, real: int, features: int = 17) -> tuple[np.ndarray, np.ndarray]:
    draws = np.random.default_rng(0)
    return (
        draws.exponential(size=(made, features)).astype(np.float32),
        (draws.exponential(size=(real, features)) + 0.05).astype(np.float32),
    )


def test_it_is_what_torchmetrics_has_of_all_images() -> None:
    """There one subset of all images, with its class of a polynomial kernel; more images than a block."""
    from torchmetrics.image.kid import poly_mmd

    made, real = sets(2500, 2500)
    theirs = poly_mmd(torch.from_numpy(made).double(), torch.from_numpy(real).double())
    assert kid(made, real) == pytest.approx(float(theirs), abs=1e-12)


def test_sides_may_differ_in_number() -> None:
    """The definition, pair by pair."""
    made, real = sets(5, 8, 3)

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        return (float(a.astype(float) @ b.astype(float)) / 3 + 1) ** 3

    own = [
        np.mean([kernel(a, b) for i, a in enumerate(side) for j, b in enumerate(side) if i != j])
        for side in (made, real)
    ]
    between = np.mean([kernel(a, b) for a in made for b in real])
    assert kid(made, real) == pytest.approx(sum(own) - 2 * between, rel=1e-12)


def test_it_is_unbiased() -> None:
    """Of one distribution: 0 in the mean over 200 pairs of 20 images, within three standard errors."""
    draws = np.random.default_rng(1)
    found = [kid(draws.standard_normal((20, 6)), draws.standard_normal((20, 6))) for _ in range(200)]
    assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(200)
    assert min(found) < 0


def test_groups_are_left_out_without_another_pass() -> None:
    made, real = sets(1100, 2300)
    sums = KernelSums.of(made, real, groups=7)
    assert sums.distance() == pytest.approx(kid(made, real), abs=1e-12)
    for left_out in (0, 6):
        kept = [group for group in range(7) if group != left_out]
        some = [np.arange(len(side)) % 7 != left_out for side in (made, real)]
        assert sums.distance(kept) == pytest.approx(kid(made[some[0]], real[some[1]]), abs=1e-12)


def test_too_few_images_are_told() -> None:
    with pytest.raises(ValueError, match="KID, samples: 1 images are too few, at least 2"):
        kid(np.zeros((1, 3)), np.zeros((5, 3)))
    with pytest.raises(ValueError, match="samples have 3 features, real images 4"):
        kid(np.zeros((5, 3)), np.zeros((5, 4)))

"""Fréchet distance of Gaussians against its closed form; moments of parts against those of the whole."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

from gandsl_runtime.evaluation.moments import Moments, RealMoments, frechet, frechet_infinity

MANY = 10**9


def gaussian(mean: np.ndarray, covariance: np.ndarray) -> Moments:
    return Moments(MANY, mean, covariance * (MANY - 1))


def rotation(draws: np.random.Generator, size: int) -> np.ndarray:
    return np.linalg.qr(draws.standard_normal((size, size)))[0]


@pytest.mark.parametrize("seed", range(5))
def test_covariances_with_common_axes_have_a_closed_form(seed: int) -> None:
    """There the distance is ‖μ₁ − μ₂‖² + Σ(√λ₁ − √λ₂)²."""
    draws = np.random.default_rng(seed)
    axes, (a, b) = rotation(draws, 30), draws.exponential(size=(2, 30)) * 10
    means = draws.standard_normal((2, 30))
    found = frechet(gaussian(means[0], axes * a @ axes.T), gaussian(means[1], axes * b @ axes.T))
    truth = ((means[0] - means[1]) ** 2).sum() + ((a**0.5 - b**0.5) ** 2).sum()
    assert found == pytest.approx(truth, abs=1e-6)


def test_two_features_without_common_axes_have_one_too() -> None:
    """tr((AB)^½) of 2×2 matrices is √(tr AB + 2 √det AB), by Cayley and Hamilton."""
    a, b = np.array([[2.0, 0.7], [0.7, 1.0]]), np.array([[1.0, -0.4], [-0.4, 3.0]])
    product = a @ b
    root = np.sqrt(np.trace(product) + 2 * np.sqrt(np.linalg.det(product)))
    none = np.zeros(2)
    assert frechet(gaussian(none, a), gaussian(none, b)) == pytest.approx(3 + 4 - 2 * root, abs=1e-6)


def test_more_features_than_images_agree_with_scipy_s_root() -> None:
    draws = np.random.default_rng(0)
    made, real = draws.standard_normal((40, 60)), draws.standard_normal((90, 60)) + 0.3
    a, b = np.cov(made.T), np.cov(real.T)
    product = scipy.linalg.sqrtm(a @ b + 1e-14 * np.eye(60))
    apart = ((made.mean(0) - real.mean(0)) ** 2).sum()
    assert frechet(Moments.of(made), Moments.of(real)) == pytest.approx(
        apart + np.trace(a + b - 2 * product.real), abs=1e-4
    )


@pytest.mark.parametrize(("count", "features"), [(50, 80), (2000, 80)])
def test_equal_sets_have_no_distance(count: int, features: int) -> None:
    rows = np.random.default_rng(1).standard_normal((count, features)) @ np.diag(0.9 ** np.arange(features))
    found = Moments.of(rows)
    assert abs(frechet(found, found)) < 1e-6


def test_parts_merge_and_part_again() -> None:
    """With a mean far from 0, where sums of squares would lose what is looked for."""
    rows = np.random.default_rng(2).standard_normal((10_000, 7)) + 1e4
    whole = Moments.of(rows)
    assert whole.covariance == pytest.approx(np.cov(rows.T), rel=1e-9, abs=1e-9)
    first, second = Moments.of(rows[:3_001]), Moments.of(rows[3_001:])
    for found, count in ((first + second, 10_000), (second + first, 10_000)):
        assert found.count == count
        assert found.mean == pytest.approx(whole.mean, abs=1e-9)
        assert found.covariance == pytest.approx(whole.covariance, abs=1e-9)
    left = whole - second
    assert left.mean == pytest.approx(first.mean, abs=1e-9)
    assert left.covariance == pytest.approx(first.covariance, abs=1e-9)


def test_single_precision_is_summed_in_double() -> None:
    rows = (np.random.default_rng(3).standard_normal((5_000, 4)) + 1e3).astype(np.float32)
    exact = np.cov(rows.astype(np.float64).T)
    assert Moments.of(rows).covariance == pytest.approx(exact, rel=1e-12, abs=1e-12)


def test_the_extrapolation_is_unbiased_on_gaussians() -> None:
    """FD of 400 samples is too large by far; over 60 sets the mean of FD∞ is the truth, within its error."""
    features = 24
    draws = np.random.default_rng(4)
    spread = 0.9 ** np.arange(features)
    real = RealMoments(gaussian(np.full(features, 0.1), np.diag(spread**2)))
    truth = 0.01 * features
    plain, extrapolated = [], []
    for seed in range(60):
        made = draws.standard_normal((400, features)) * spread
        plain.append(real.distance(Moments.of(made)))
        extrapolated.append(frechet_infinity(made, real, seed=seed))
    error = np.std(extrapolated, ddof=1) / np.sqrt(60)
    assert abs(np.mean(extrapolated) - truth) < 3 * error
    assert np.mean(plain) - truth > 10 * error


def test_what_has_no_distance_is_told() -> None:
    one = Moments.of(np.zeros((1, 3)))
    with pytest.raises(ValueError, match="a covariance wants at least 2 images"):
        frechet(one, one)
    with pytest.raises(ValueError, match="3 features on one side, and 4 on the other"):
        frechet(Moments.of(np.eye(4)), Moments.of(np.eye(3)))
    with pytest.raises(ValueError, match="5 images without 5 leave none"):
        Moments.of(np.eye(5)) - Moments.of(np.eye(5))
    with pytest.raises(ValueError, match="a feature between images 0 and 2 is no number"):
        Moments.of(np.array([[1.0], [np.nan]]))
    with pytest.raises(ValueError, match="FD∞: 19 images are too few, at least 20"):
        frechet_infinity(np.eye(19), RealMoments(Moments.of(np.eye(19))))
    with pytest.raises(ValueError, match=r"a table of images × features, not of shape \(2, 3, 4\)"):
        Moments.of(np.zeros((2, 3, 4)))

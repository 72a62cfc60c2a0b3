"""SWD against the published steps in float64, written with scipy; what it sees, and at which level."""

from __future__ import annotations

import numpy as np
import ot
import pytest
import scipy.ndimage
import torch

from gandsl_runtime.evaluation.pyramid import Patches, levels, sliced_wasserstein


def images(count: int, size: tuple[int, int] = (64, 64), seed: int = 0) -> np.ndarray:
    """Smooth colours with fine grain: something at each level."""
    draws = np.random.default_rng(seed)
    noise = draws.standard_normal((count, 3, *size))
    smooth = sum(scipy.ndimage.gaussian_filter(noise, (0, 0, s, s)) * s for s in (0.4, 2, 6))
    return np.clip(128 + 40 * smooth, 0, 255).astype(np.uint8)


def taken(some: np.ndarray, each: int = 128) -> Patches:
    patches = Patches(each)
    for batch in np.array_split(some, 3):
        patches.add(batch)
    return patches


BINOMIAL = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256.0


def pyramid(image: np.ndarray, count: int) -> list[np.ndarray]:
    """Burt and Adelson's, of one channel, in float64."""
    found = [image.astype(np.float64)]
    for _ in range(count - 1):
        coarser = scipy.ndimage.convolve(found[-1], BINOMIAL, mode="mirror")[::2, ::2]
        apart = np.zeros_like(found[-1])
        apart[::2, ::2] = coarser
        found[-1] -= scipy.ndimage.convolve(apart, 4 * BINOMIAL, mode="mirror")
        found.append(coarser)
    return found


SIZES = [((64, 64), [64, 32, 16]), ((37, 50), [37, 19]), ((28, 28), [28])]


@pytest.mark.parametrize(("size", "sides"), SIZES)
def test_the_levels_are_burt_and_adelson_s(size: tuple[int, int], sides: list[int]) -> None:
    some = images(2, size)
    found = list(levels(torch.from_numpy(some).float()))
    assert [min(level.shape[2:]) for level in found] == sides
    for n in range(2):
        for channel in range(3):
            for level, own in zip(found, pyramid(some[n, channel], len(sides)), strict=True):
                assert level[n, channel].numpy() == pytest.approx(own, abs=1e-3)


def test_the_distance_is_that_of_float64_steps() -> None:
    """From the patches on: normalized, projected, sorted by POT. Half precision moves it by under 1e-4."""
    one, other = taken(images(12)), taken(images(12, seed=1) // 2)
    found = sliced_wasserstein(one, other, directions=64)
    assert list(found) == one.sides == [64, 32, 16]
    for side, distance in found.items():
        normal = []
        for patches in (one, other):
            wide = patches.level(side).astype(np.float64).reshape(-1, 3, 49)
            wide -= wide.mean((0, 2), keepdims=True)
            normal.append((wide / wide.std((0, 2), keepdims=True)).reshape(-1, 147))
        lines = np.random.default_rng(0).standard_normal((64, 147))
        lines /= np.linalg.norm(lines, axis=1, keepdims=True)
        theirs = ot.sliced_wasserstein_distance(*normal, projections=lines.T, p=1)
        assert distance == pytest.approx(1000 * theirs, rel=1e-4)


def test_patches_are_those_of_the_images() -> None:
    """An image whose values tell their places: each patch is a window of it, and all windows are drawn."""
    image = np.arange(20 * 20, dtype=np.float32).reshape(1, 1, 20, 20) / 2
    patches = Patches(3000)
    patches.add(image)
    rows = patches.level(20).astype(np.float64).reshape(-1, 7, 7) * 2
    corner = rows[:, :1, :1]
    assert (rows - corner == np.arange(7)[:, None] * 20 + np.arange(7)).all()
    assert (corner.max(), corner.min()) == (13 * 20 + 13, 0)
    assert len(np.unique(corner)) == 14 * 14


def test_which_patches_are_taken_depends_on_the_place_alone() -> None:
    some = images(6)
    whole, parts = Patches(16), Patches(16)
    whole.add(some)
    for image in some:
        parts.add(image[None])
    assert all((whole.level(side) == parts.level(side)).all() for side in whole.sides)


def test_equal_sets_have_no_distance() -> None:
    assert set(sliced_wasserstein(taken(images(9)), taken(images(9)), 32).values()) == {0.0}


def test_blur_is_seen_at_fine_levels_alone() -> None:
    """A blur of less than a pixel, in three strengths."""
    real = images(40)
    clean = sliced_wasserstein(taken(images(40, seed=1)), taken(real), 64)
    before = clean
    for sigma in (0.5, 0.6, 0.8):
        blurred = scipy.ndimage.gaussian_filter(images(40, seed=1).astype(float), (0, 0, sigma, sigma))
        found = sliced_wasserstein(taken(blurred.round().astype(np.uint8)), taken(real), 64)
        assert found[64] > 1.15 * before[64]
        assert found[32] == pytest.approx(clean[32], rel=0.1)
        assert found[16] == pytest.approx(clean[16], rel=0.03)
        before = found
    assert before[64] > 2 * clean[64]


def test_what_does_not_compare_is_told() -> None:
    one = taken(images(6))
    with pytest.raises(ValueError, match="SWD: 6 samples and 9 real images: as many of both are wanted"):
        sliced_wasserstein(one, taken(images(9)))
    with pytest.raises(ValueError, match="of one size and as many channels"):
        sliced_wasserstein(one, taken(images(6, (32, 32))))
    with pytest.raises(ValueError, match="of one size and as many channels"):
        sliced_wasserstein(one, taken(images(6)[:, :1]))
    with pytest.raises(ValueError, match="SWD: images of 6×20 are smaller than its patches"):
        Patches().add(np.zeros((1, 3, 6, 20)))

"""PSNR, SSIM and MS-SSIM against pytorch-msssim and torchmetrics; diversity against scipy's distances."""

from __future__ import annotations

import numpy as np
import pytest
import pytorch_msssim
import torch
from scipy.ndimage import gaussian_filter
from scipy.signal import convolve2d
from scipy.spatial.distance import pdist

from gandsl_runtime.evaluation.similarity import (
    EXPONENTS,
    diversity,
    feature_distance,
    ms_ssim,
    ms_ssim_pairs,
    psnr,
    ssim,
)


def pairs(count: int, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    draws = np.random.default_rng(0)
    base = gaussian_filter(draws.standard_normal((count, 3, *size)), (0, 0, 3, 3)) * 300 + 128
    noise = draws.standard_normal(base.shape) * np.linspace(2, 60, count)[:, None, None, None]
    return tuple(np.clip(one, 0, 255).astype(np.uint8) for one in (base, base + noise))


def test_psnr_is_what_torchmetrics_has() -> None:
    from torchmetrics.image.psnr import PeakSignalNoiseRatio

    a, b = pairs(3, (20, 24))
    for n in range(3):
        one, other = (torch.tensor(side[n]).double() for side in (a, b))
        theirs = PeakSignalNoiseRatio(data_range=255.0)(one, other)
        assert psnr(a, b)[n] == pytest.approx(float(theirs), abs=1e-5)
    assert psnr(a, a).tolist() == [np.inf] * 3


def test_ssim_is_what_pytorch_msssim_has() -> None:
    a, b = pairs(4, (40, 33))
    theirs = pytorch_msssim.ssim(torch.tensor(a).double(), torch.tensor(b).double(), size_average=False)
    assert ssim(a, b) == pytest.approx(theirs.numpy(), abs=1e-5), "its window is in single precision"
    assert ssim(a, a) == pytest.approx(np.ones(4), abs=1e-12)


def test_ms_ssim_is_what_pytorch_msssim_has() -> None:
    """It wants sides over 160 pixels, and pads odd ones, which we don't: 176 is the least without."""
    a, b = pairs(3, (176, 192))
    theirs = pytorch_msssim.ms_ssim(torch.tensor(a).double(), torch.tensor(b).double(), size_average=False)
    assert ms_ssim(a, b) == pytest.approx(theirs.numpy(), abs=1e-5)


def test_small_images_have_windows_that_fit() -> None:
    """At 64² the last scales are 8 and 4 pixels wide, and their windows too: the definition by scipy."""
    a, b = pairs(2, (64, 64))
    for n in range(2):
        by_channel = [_by_hand(a[n, c].astype(float), b[n, c].astype(float)) for c in range(3)]
        assert ms_ssim(a, b)[n] == pytest.approx(np.mean(by_channel), abs=1e-9)


def _by_hand(a: np.ndarray, b: np.ndarray) -> float:
    product = 1.0
    for scale, exponent in enumerate(EXPONENTS):
        size = min(11, len(a))
        x = np.arange(size) - (size - 1) / 2
        line = np.exp(-(x**2) / 2 / (1.5 * size / 11) ** 2)
        window = np.outer(line, line) / line.sum() ** 2
        ma, mb, aa, bb, ab = (convolve2d(one, window, "valid") for one in (a, b, a * a, b * b, a * b))
        contrast = (2 * (ab - ma * mb) + 58.5225) / (aa - ma**2 + bb - mb**2 + 58.5225)
        luminance = (2 * ma * mb + 6.5025) / (ma**2 + mb**2 + 6.5025)
        product *= max((contrast if scale < 4 else luminance * contrast).mean(), 0) ** exponent
        a, b = (one.reshape(len(one) // 2, 2, -1, 2).mean((1, 3)) for one in (a, b))
    return product


def test_pairs_are_of_different_images() -> None:
    """Of two images that differ: a pair of one with itself would have 1. Of three, all pairs come up."""
    some = pairs(2, (32, 32))[1]
    truth = ms_ssim(some[:1], some[1:])[0]
    assert ms_ssim_pairs(some, 150) == pytest.approx(np.full(150, truth), abs=1e-12)
    three = pairs(3, (16, 16))[1]
    found = ms_ssim_pairs(three, 200)
    assert len(np.unique(found.round(9))) == 3
    assert (found == ms_ssim_pairs(three, 200)).all()
    assert (found != ms_ssim_pairs(three, 200, seed=1)).any()


def test_diversity_is_the_mean_of_all_distances() -> None:
    rows = np.random.default_rng(1).standard_normal((1100, 5)).astype(np.float32)
    assert diversity(rows) == pytest.approx(pdist(rows.astype(float)).mean(), rel=1e-9)
    assert diversity(np.ones((5, 3))) == 0.0


def test_feature_distance_is_of_partners() -> None:
    a, b = np.random.default_rng(2).standard_normal((2, 7, 3))
    assert feature_distance(a, b) == pytest.approx(np.linalg.norm(a - b, axis=1))


def test_what_is_no_pair_is_told() -> None:
    with pytest.raises(ValueError, match=r"images of shape \(1, 3, 20, 20\), and partners of \(1, 3, 20,"):
        ssim(np.zeros((1, 3, 20, 20)), np.zeros((1, 3, 20, 21)))
    with pytest.raises(ValueError, match="MS-SSIM: images of 15×40 have no five scales"):
        ms_ssim(np.zeros((1, 3, 15, 40)), np.zeros((1, 3, 15, 40)))
    with pytest.raises(ValueError, match="MS-SSIM: 1 images are no pair"):
        ms_ssim_pairs(np.zeros((1, 3, 20, 20)))
    with pytest.raises(ValueError, match="feature distance: 2 images, and 3 partners"):
        feature_distance(np.zeros((2, 4)), np.zeros((3, 4)))

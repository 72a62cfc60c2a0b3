"""How like images are: to the partner that they should equal (PSNR, SSIM), or to each other (diversity)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .arrays import Floats, alike, blocks, checked, squared_distances, squared_norms

BLACK_TO_WHITE = 255.0
WINDOW, SIGMA = 11, 1.5  # of the Gaussian window, in pixels
STABLE = (0.01, 0.03)  # K1 and K2: of luminance and of contrast
EXPONENTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # of the scales, the finest first


def psnr(made: Any, real: Any) -> Floats:
    """(N,): 10 log₁₀(255² / mean squared difference) in decibels of images (N, c, h, w); ∞ for equal ones.

    Raises ValueError where the shapes differ.
    """
    a, b = _images(made, real)
    with np.errstate(divide="ignore"):
        found: Floats = 10 * np.log10(BLACK_TO_WHITE**2 / ((a - b) ** 2).mean((1, 2, 3)).numpy())
    return found


def ssim(made: Any, real: Any) -> Floats:
    """(N,): the structural similarity of images (N, c, h, w), 1 where they are equal.

    Wang et al. 2004, IEEE TIP 13(4), equation 13, with a Gaussian window of 11 pixels and deviation 1.5 that
    lies within the image, or of the shorter side where that is less. Raises ValueError where shapes differ.
    """
    whole, _ = _structure(*_images(made, real))
    found: Floats = whole.mean(1).numpy()
    return found


def ms_ssim(made: Any, real: Any) -> Floats:
    """(N,): the similarity over five scales, each half of the one before: Wang et al. 2003, equation 7.

    Negative similarities count as 0. Raises ValueError where shapes differ, or a side is under 16 pixels.
    """
    a, b = _images(made, real)
    if min(a.shape[2:]) < 2 ** (len(EXPONENTS) - 1):
        size = f"{a.shape[2]}×{a.shape[3]}"
        raise ValueError(f"MS-SSIM: images of {size} have no five scales: 16 pixels are least")
    product = torch.ones(a.shape[:2], dtype=a.dtype)
    for scale, exponent in enumerate(EXPONENTS):
        whole, contrast = _structure(a, b)
        last = scale == len(EXPONENTS) - 1
        product *= (whole if last else contrast).clamp(min=0) ** exponent
        if not last:
            a, b = functional.avg_pool2d(a, 2), functional.avg_pool2d(b, 2)
    found: Floats = product.mean(1).numpy()
    return found


def ms_ssim_pairs(images: Any, pairs: int = 10_000, seed: int = 0) -> Floats:
    """(pairs,): MS-SSIM of random pairs of different images (N, c, h, w): arXiv:1610.09585, section 4.2.

    The higher their mean, the more images are alike: to be compared with that of real images. Which pairs are
    taken follows from `seed` and N. Raises ValueError for fewer than 2 images.
    """
    if len(images) < 2:
        raise ValueError(f"MS-SSIM: {len(images)} images are no pair")
    draws = np.random.default_rng(seed)
    first = draws.integers(0, len(images), pairs)
    second = (first + draws.integers(1, len(images), pairs)) % len(images)
    return np.concatenate([ms_ssim(images[first[some]], images[second[some]]) for some in blocks(pairs, 64)])


def feature_distance(made: Any, real: Any) -> Floats:
    """(N,): the Euclidean distance of each row of features (N, f) to its partner.

    Raises ValueError where they differ in shape.
    """
    one, other = alike(made, real, 1, "feature distance")
    if len(one) != len(other):
        raise ValueError(f"feature distance: {len(one)} images, and {len(other)} partners")
    return np.sqrt(squared_norms(one.astype(np.float64) - other))


def diversity(features: Any) -> float:
    """The mean Euclidean distance of two different images, over all pairs of features (N, f), N ≥ 2."""
    found = checked(features, 2, "diversity").astype(np.float64)
    norms = squared_norms(found)
    total = 0.0
    for rows in blocks(len(found)):
        for columns in blocks(rows.stop):  # those before, twice, and the block itself
            apart = squared_distances(found[rows], found[columns], norms[rows], norms[columns])
            total += float(np.sqrt(apart).sum()) * (1 if columns == rows else 2)
    return total / (len(found) * (len(found) - 1))


def _images(made: Any, real: Any) -> tuple[Tensor, Tensor]:
    """Both as float64 (N, c, h, w)."""
    if made.shape != real.shape or len(made.shape) != 4:
        raise ValueError(f"images of shape {tuple(made.shape)}, and partners of {tuple(real.shape)}")
    a, b = (torch.from_numpy(np.array(images, dtype=np.float64)) for images in (made, real))
    return a, b


def _structure(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Of each channel (N, c): the whole similarity, and that without luminance, as means over windows."""
    size = min(WINDOW, *a.shape[2:])
    window = _window(size, SIGMA * size / WINDOW)
    of_luminance, of_contrast = ((k * BLACK_TO_WHITE) ** 2 for k in STABLE)
    a_mean, b_mean = _seen(a, window), _seen(b, window)
    a_variance = _seen(a * a, window) - a_mean**2
    b_variance = _seen(b * b, window) - b_mean**2
    common = _seen(a * b, window) - a_mean * b_mean
    contrast = (2 * common + of_contrast) / (a_variance + b_variance + of_contrast)
    luminance = (2 * a_mean * b_mean + of_luminance) / (a_mean**2 + b_mean**2 + of_luminance)
    return (luminance * contrast).mean((2, 3)), contrast.mean((2, 3))


def _window(size: int, sigma: float) -> Tensor:
    """(size,): weights that sum to 1."""
    places = torch.arange(size, dtype=torch.float64) - (size - 1) / 2
    weights = torch.exp(-(places**2) / (2 * sigma**2))
    return weights / weights.sum()


def _seen(images: Tensor, window: Tensor) -> Tensor:
    """Means within the window, wherever it lies inside of the image."""
    channels = images.shape[1]
    for shape in ((1, 1, -1, 1), (1, 1, 1, -1)):
        kernel = window.view(shape)
        images = functional.conv2d(images, kernel.expand(channels, *kernel.shape[1:]), groups=channels)
    return images

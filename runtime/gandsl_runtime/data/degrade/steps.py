"""The steps of a degradation, a row each: an image [c, h, w] of float64 around [0, 1], and what is drawn."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.random import Generator
from PIL import Image

from ...plan import degrade as plans
from .kernels import blurring, ringing
from .resizing import resized

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
Size = tuple[int, int]


def degraded(image: np.ndarray, steps: Sequence[plans.DegradeStep], size: Size, rng: Generator) -> np.ndarray:
    """uint8 [c, h, w], or floats in [0, 1], after the steps: uint8 [c, *size], which is where they end."""
    exact = image / 255 if image.dtype == np.uint8 else image.astype(np.float64)
    return _bytes(_made(exact, steps, size, rng))


def _made(image: np.ndarray, steps: Sequence[plans.DegradeStep], size: Size, rng: Generator) -> np.ndarray:
    for step in steps:
        if rng.random() < step.chance:
            image = STEPS[type(step)](image, step, size, rng)
    return image


def _blur(image: np.ndarray, step: Any, size: Size, rng: Generator) -> np.ndarray:
    side, sigma = _odd(step.size, rng), _drawn(step.sigma, rng)
    across, angle = (None, 0.0) if step.across is None else (_drawn(step.across, rng), math.pi * rng.random())
    return filtered(image, blurring(step.kind, side, sigma, across, angle, _beta(step.beta, rng)))


def _sinc(image: np.ndarray, step: Any, size: Size, rng: Generator) -> np.ndarray:
    return filtered(image, ringing(_odd(step.size, rng), _drawn(step.cutoff, rng)))


def filtered(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """The image under a kernel that is its own mirror image; edges reflected."""
    r = len(kernel) // 2
    h, w = image.shape[1:]
    wide = np.pad(image, ((0, 0), (r, r), (r, r)), mode="reflect")
    sides = [_quick(side) for side in wide.shape[1:]]  # what is behind the image comes into no pixel of it
    spectrum = np.fft.rfft2(wide, sides) * np.fft.rfft2(kernel, sides)
    return np.fft.irfft2(spectrum, sides)[:, 2 * r : 2 * r + h, 2 * r : 2 * r + w]


def _quick(length: int) -> int:
    """The next length of small factors: a Fourier transform of a prime one takes three times as long."""
    while 30 ** length.bit_length() % length:
        length += 1
    return length


def _crop(image: np.ndarray, step: Any, size: Size, rng: Generator) -> np.ndarray:
    top, left = (
        int(rng.integers(whole - part + 1)) for whole, part in zip(image.shape[1:], size, strict=True)
    )
    return image[:, top : top + size[0], left : left + size[1]]


def _resize(image: np.ndarray, step: Any, size: Size, rng: Generator) -> np.ndarray:
    filter = step.filter[int(rng.integers(len(step.filter)))]
    if step.factor is not None:
        factor = _drawn(step.factor, rng)
        h, w = (max(int(side * factor), 1) for side in image.shape[1:])
        size = h, w
    return resized(image, size, filter)


def _noise(image: np.ndarray, step: Any, size: Size, rng: Generator) -> np.ndarray:
    strength, gray = _drawn(step.strength, rng) / 255, rng.random() < step.gray
    shape = (1, *image.shape[1:]) if gray else image.shape
    return (image + strength * rng.standard_normal(shape)).clip(0, 1)


def _shot_noise(image: np.ndarray, step: Any, size: Size, rng: Generator) -> np.ndarray:
    scale, gray = _drawn(step.scale, rng), rng.random() < step.gray
    levels = _bytes(_luma(image) if gray else image)
    photons = 2.0 ** math.ceil(math.log2(int(np.count_nonzero(np.bincount(levels.ravel())))))
    light = levels / 255
    return (image + scale * (rng.poisson(light * photons) / photons - light)).clip(0, 1)


def _jpeg(image: np.ndarray, step: Any, size: Size, rng: Generator) -> np.ndarray:
    quality = int(rng.integers(step.quality[0], step.quality[1] + 1))
    pixels = _bytes(image)
    picture = Image.fromarray(
        pixels[0] if len(pixels) == 1 else np.ascontiguousarray(pixels.transpose(1, 2, 0))
    )
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    found = np.asarray(Image.open(file)) / 255
    return found[None] if found.ndim == 2 else found.transpose(2, 0, 1)


def _either(image: np.ndarray, step: Any, size: Size, rng: Generator) -> np.ndarray:
    shares = np.cumsum(step.shares or (1,) * len(step.ways))
    way = int(np.searchsorted(shares, rng.random() * shares[-1], side="right"))
    return _made(image, step.ways[min(way, len(step.ways) - 1)], size, rng)


STEPS: dict[type[plans.DegradeStep], Callable[[np.ndarray, Any, Size, Generator], np.ndarray]] = {
    plans.CropStep: _crop,
    plans.BlurStep: _blur,
    plans.SincStep: _sinc,
    plans.ResizeStep: _resize,
    plans.NoiseStep: _noise,
    plans.ShotNoiseStep: _shot_noise,
    plans.JpegStep: _jpeg,
    plans.EitherStep: _either,
}


def _drawn(ends: tuple[float, float], rng: Generator) -> float:
    return ends[0] + (ends[1] - ends[0]) * rng.random()


def _odd(ends: tuple[int, int], rng: Generator) -> int:
    return ends[0] + 2 * int(rng.integers((ends[1] - ends[0]) // 2 + 1))


def _beta(ends: tuple[float, float], rng: Generator) -> float:
    """Below 1 and above it as often, where both may be."""
    low, high = ends
    if low < 1 < high:
        low, high = (low, 1) if rng.random() < 0.5 else (1, high)
    return _drawn((low, high), rng)


def _luma(image: np.ndarray) -> np.ndarray:
    """[1, h, w]: what a gray image of it is."""
    weights = LUMA if len(image) == 3 else (1 / len(image),) * len(image)
    gray: np.ndarray = sum(weight * plane for weight, plane in zip(weights, image, strict=True))[None]
    return gray


def _bytes(image: np.ndarray) -> np.ndarray:
    return np.rint(image.clip(0, 1) * 255).astype(np.uint8)

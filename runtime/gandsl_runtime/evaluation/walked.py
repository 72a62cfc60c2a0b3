"""A generator and an extractor as paths through latents lead through them, for PPL."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from torch import Tensor

from ..sample import Sampler
from .extractors import Extractor
from .path_length import Walked

MOST = 255.0  # white, as extractors take it


def walked(sampler: Sampler, extractor: Extractor, range: tuple[float, float]) -> Walked:
    """Inside `sampler.ready`. Both ends of a step have the class of its first seed, and the same noise.

    `range`: the values of black and white. Raises ValueError where there is more than one latent.
    """
    if len(sampler.latent_ports) != 1:
        raise ValueError(f"paths lead through one latent, and the generator has {len(sampler.latent_ports)}")
    styled = sampler.generator.has_styles
    return Walked(
        lambda seeds: sampler.latents(seeds)[0],
        partial(_images, sampler, range, styled),
        lambda images: extractor(images).features,
        partial(_styles, sampler) if styled else None,
    )


def _styles(sampler: Sampler, latents: Tensor, seeds: Sequence[int]) -> Tensor:
    return sampler.styles((latents,), sampler.labels(seeds, None))


def _images(
    sampler: Sampler, range: tuple[float, float], styled: bool, points: Tensor, seeds: Sequence[int]
) -> Tensor:
    """Floats (n, 3, h, w) from 0 to 255, which nobody rounds: a step moves them by less."""
    made = sampler.synthesized(points) if styled else sampler.images((points,), sampler.labels(seeds, None))
    low, high = range
    images = (made[-1] - low) * (MOST / (high - low))
    return images.clamp(0, MOST).expand(-1, 3, -1, -1) if images.shape[1] == 1 else images.clamp(0, MOST)

"""Perceptual path length (PPL): how far a small step between two latents moves what an extractor sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from .arrays import Floats, blocks

Space = Literal["z", "w"]
Where = Literal["full", "end"]


@dataclass(frozen=True)
class Walked:
    """The generator and extractor that paths lead through. Each is called with a batch, and draws by seeds.

    `latents(seeds)`: (n, d). `to_styles(latents, seeds)`: (n, …), None without a style space.
    `synthesize(points, seeds)`: images of styles, or of latents where there are none; labels and noise are
    those of the seeds, so that both ends of a step have the same. `features(images)`: (n, f), of images that
    nobody rounds to bytes: a step moves them by less.
    """

    latents: Callable[[Sequence[int]], Tensor]
    synthesize: Callable[[Tensor, Sequence[int]], Tensor]
    features: Callable[[Tensor], Tensor]
    to_styles: Callable[[Tensor, Sequence[int]], Tensor] | None = None


def path_lengths(
    walked: Walked,
    pairs: int,
    space: Space = "w",
    where: Where = "full",
    step: float = 1e-4,
    batch: int = 16,
    seed: int = 0,
) -> Floats:
    """(pairs,): ‖features(t) − features(t + step)‖² / step², each between two latents of its own.

    arXiv:1812.04948, equations 2 (`z`: along the great circle) and 3 (`w`: along the line); t is drawn within
    the whole path (`full`), or is 0: at a sample itself (`end`). The distance there is LPIPS; here it is that
    of the features. The latents of a path are those of the seeds `seed` + 2i and `seed` + 2i + 1. Raises
    ValueError for `w` without styles.
    """
    if space == "w" and walked.to_styles is None:
        raise ValueError("PPL in W: the generator has no style space")
    places = np.random.default_rng(seed).random(pairs) if where == "full" else np.zeros(pairs)
    found = np.empty(pairs)
    for some in blocks(pairs, batch):
        first = [seed + 2 * pair for pair in range(some.start, some.stop)]
        t = torch.from_numpy(places[some])
        near, far = (_seen(walked, space, first, t + moved) for moved in (0.0, step))
        found[some] = ((near - far) ** 2).sum(1).cpu().numpy() / step**2
    return found


def perceptual_path_length(lengths: Floats) -> float:
    """The mean of the lengths between their 1st and 99th percentile, as in the code of arXiv:1812.04948.

    Raises ValueError where there are none.
    """
    if not len(lengths):
        raise ValueError("PPL: there are no paths")
    low, high = np.percentile(lengths, 1, method="lower"), np.percentile(lengths, 99, method="higher")
    return float(lengths[(lengths >= low) & (lengths <= high)].mean())


def _seen(walked: Walked, space: Space, first: Sequence[int], t: Tensor) -> Tensor:
    """Features in float64 at a place of each path."""
    a, b = (walked.latents([seed + end for seed in first]) for end in (0, 1))
    if walked.to_styles is None:
        points = great_circle(a, b, t)
    elif space == "z":
        points = walked.to_styles(great_circle(a, b, t), first)
    else:
        points = line(walked.to_styles(a, first), walked.to_styles(b, first), t)
    return walked.features(walked.synthesize(points, first)).double()


def line(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """a + t (b − a) of tensors (n, …), with t (n)."""
    return a + (b - a) * t.to(a).view(-1, *[1] * (a.ndim - 1))


def great_circle(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Between rows (n, d): their directions turn evenly by the angle between them, lengths change evenly.

    Of the published generators, which normalize latents, only the direction counts; others keep lengths that
    they know.
    """
    lengths = [rows.double().norm(dim=1, keepdim=True) for rows in (a, b)]
    one, other = a.double() / lengths[0], b.double() / lengths[1]
    cosine = (one * other).sum(1, keepdim=True).clamp(-1, 1)
    across = other - cosine * one
    across = across / across.norm(dim=1, keepdim=True).clamp(min=1e-12)
    angle = torch.arccos(cosine) * t.to(one)[:, None]
    turned = one * torch.cos(angle) + across * torch.sin(angle)
    return (turned * line(lengths[0], lengths[1], t.to(one))).to(a)

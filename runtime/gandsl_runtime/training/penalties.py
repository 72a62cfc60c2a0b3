"""Penalties: pure functions of a network's gradient with respect to its input, to be differentiated again.

A `score` is one number for each image, (N,): the mean of D's logits over heads and pixels. `images` are the
inputs it was computed from, a tuple (several scales) of tensors (N, c, h, w) that require grad.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..ops.gradient import inner_gradients

Images = tuple[Tensor, ...]

_TINY = 1e-12  # keeps √ differentiable at 0; below float32's rounding for norms above 1e-3


def score(heads: tuple[Tensor, ...]) -> Tensor:
    """One number for each image, (N,), from D's outputs."""
    first, *rest = (head.flatten(1).mean(1) for head in heads)
    return torch.stack([first, *rest]).mean(0) if rest else first


def squared_gradient_norm(scores: Tensor, images: Images) -> Tensor:
    """‖∇ score‖² for each image, (N,), over all its scales; differentiable."""
    gradients = inner_gradients(scores.sum(), images)
    return sum(gradient.square().flatten(1).sum(1) for gradient in gradients)  # type: ignore[return-value]


def zero_centered(_: Any, scores: Tensor, images: Images) -> Tensor:
    """½ E‖∇D‖², to be multiplied by γ (arXiv:1801.04406, eq. 9 and 10)."""
    return squared_gradient_norm(scores, images).mean() / 2


def gradient_penalty(parameters: Any, scores: Tensor, images: Images) -> Tensor:
    """E(‖∇D‖ − target)² (arXiv:1704.00028, eq. 3)."""
    norm = (squared_gradient_norm(scores, images) + _TINY).sqrt()
    return (norm - parameters.target).square().mean()


def drift(_: Any, scores: Tensor, images: Images) -> Tensor:
    """E D(x)² (arXiv:1710.10196, appendix A.1)."""
    return scores.square().mean()


def lecam(parameters: Any, real: Tensor, fake: Tensor, anchors: Tensor) -> Tensor:
    """E(D(x) − α_F)² + E(D(G(z)) − α_R)², anchors [2] = (α_R, α_F) (arXiv:2104.03310, eq. 6)."""
    above, below = real - anchors[1], anchors[0] - fake
    if parameters.one_sided:
        above, below = above.relu(), below.relu()
    return above.square().mean() + below.square().mean()


@dataclass(frozen=True)
class Penalty:
    """A penalty on D: where it is evaluated, how, and which field of the plan weighs it."""

    place: Callable[[Any], str]  # real | fake | between
    compute: Callable[[Any, Tensor, Images], Tensor]
    weight: str
    differentiates: bool = True


PENALTIES: dict[str, Penalty] = {
    "r1": Penalty(lambda _: "real", zero_centered, "gamma"),
    "r2": Penalty(lambda _: "fake", zero_centered, "gamma"),
    "gradient_penalty": Penalty(lambda parameters: parameters.interpolate, gradient_penalty, "weight"),
    "drift": Penalty(lambda _: "real", drift, "weight", differentiates=False),
}


def orthogonal(weights: Iterable[Tensor]) -> Tensor:
    """½ Σ ‖WWᵀ ∘ (1 − I)‖² over weights, each as (out, −1) (arXiv:1809.11096, eq. 3)."""
    total = torch.zeros(())
    for weight in weights:
        rows = weight.flatten(1)
        products = rows @ rows.T
        total = total.to(products) + (products - products.diag().diag()).square().sum() / 2
    return total


def interpolate(real: Images, fake: Images, weight: Tensor) -> Images:
    """real + weight·(fake − real) with one weight an image, (N,), the same at all scales; requires grad."""
    return tuple(
        torch.lerp(r.detach(), f.detach(), weight.view(-1, 1, 1, 1)).requires_grad_()
        for r, f in zip(real, fake, strict=True)
    )


def path_lengths(images: Images, styles: Tensor, noise: Images) -> Tensor:
    """‖Jᵀy‖ for each image, (N,): √(mean_L Σ_n g²), g the gradient of Σ image·y/√(hw) to styles [N, L, n].

    `noise` is y, unscaled (arXiv:1912.04958, eq. 4).
    """
    projected = sum(
        (image * y).sum() / math.sqrt(image.shape[2] * image.shape[3])
        for image, y in zip(images, noise, strict=True)
    )
    (gradient,) = inner_gradients(projected, (styles,))  # type: ignore[arg-type]
    return (gradient.square().sum(2).mean(1) + _TINY).sqrt()


def path_length(lengths: Tensor, mean: Tensor, before: Tensor, decay: float) -> tuple[Tensor, Tensor]:
    """(E(length − a)², a): a is `before`, moved by `decay` to the lengths' `mean`, and not detached."""
    moved = before.lerp(mean, decay)
    return (lengths - moved).square().mean(), moved

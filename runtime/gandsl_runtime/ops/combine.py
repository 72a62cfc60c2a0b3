"""Several tensors into one, and what a batch knows of itself."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .arithmetic import over_samples


def add(terms: Sequence[Tensor], *, scale: float = 1.0) -> Tensor:
    """scale · Σ terms."""
    if len(terms) == 1:
        return terms[0] if scale == 1.0 else terms[0] * scale
    total = terms[0] + terms[1]
    for term in terms[2:]:
        total = total.add_(term)  # a sum's backward keeps nothing, so the fresh total may be overwritten
    return total if scale == 1.0 else total.mul_(scale)


def concat(terms: Sequence[Tensor]) -> Tensor:
    """Channels of all terms, in order."""
    return terms[0] if len(terms) == 1 else torch.cat(list(terms), 1)


def multiply(a: Tensor, b: Tensor) -> Tensor:
    """a · b; [N, C] or [N, C, 1, 1] against [N, C, H, W] multiplies every pixel, in the feature's format."""
    if a.dim() < b.dim():
        a = over_sides(a, b).to(b.dtype)
    elif b.dim() < a.dim():
        b = over_sides(b, a).to(a.dtype)
    return a * b


def over_sides(value: Tensor, x: Tensor) -> Tensor:
    """[N, C] as [N, C, 1, …], beside x."""
    return value[(..., *[None] * (x.dim() - 2))]


def lerp(a: Tensor, b: Tensor, weight: Tensor) -> Tensor:
    """a + (b − a) · weight. weight: [] for the whole batch, [N], or [N, 1, H, W]."""
    return torch.lerp(a, b, over_samples(weight, a).to(a.dtype))


def dot(a: Tensor, b: Tensor, *, scale: float = 1.0) -> Tensor:
    """scale · ⟨a, b⟩ over channels. a: [N, C] → [N, 1], or [N, C, H, W] → [N, 1, H, W]; b: [N, C]."""
    if scale != 1.0:
        b = b * scale
    if a.dim() == 2:
        return (a * b).sum(1, keepdim=True)
    return (b[:, None].to(a.dtype) @ a.flatten(2)).unflatten(2, a.shape[2:])


def slice_channels(x: Tensor, *, start: int = 0, count: int) -> Tensor:
    """`count` channels from `start`."""
    return x.narrow(1, start, count)


def minibatch_stddev(x: Tensor, *, group: int = 4, channels: int = 1, eps: float = 1e-8) -> Tensor:
    """Append a group of samples' standard deviation, averaged over channels and space (PGGAN, section 3).

    x: [N, C, H, W] → [N, C + channels, H, W]. group: samples in a group, at most N; 0 is the whole batch.
    A group's samples stand N / group apart. channels: statistics, one for each block of C / channels.
    √(variance + eps), biased variance. Raises ValueError where N is not divisible by the group.
    """
    samples, width, *space = x.shape
    size = min(group, samples) if group else samples
    if samples % size:
        raise ValueError(
            f"minibatch_stddev: a batch of {samples} cannot be split into groups of {size}; "
            f"use a batch that is a multiple of {size}, or group 0 (the whole batch)"
        )
    groups = x.reshape(size, samples // size, channels, width // channels, *space)
    deviation = (groups.var(0, correction=0) + eps).sqrt()  # [N / size, channels, C / channels, H, W]
    means = deviation.mean([*range(2, deviation.dim())])
    planes = over_sides(means, x).repeat(size, 1, *space)
    return torch.cat([x, planes], 1)


def minibatch_similarity(x: Tensor, *, kernels: int) -> Tensor:
    """How near each sample is to the batch, in `kernels` parts (arXiv:1606.03498, section 3.2).

    x: [N, kernels · d] → [N, kernels]: Σ over all samples j, itself too, of exp(−‖part_i − part_j‖₁).
    """
    parts = x.unflatten(1, (kernels, -1))
    distances = (parts[:, None] - parts).abs().sum(3)  # [N, N, kernels]
    return distances.neg().exp().sum(1)

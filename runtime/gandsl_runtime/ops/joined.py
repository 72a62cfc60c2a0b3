"""Batches and lists put together and taken apart: joined batches, mixed styles, boxes of images."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def join(terms: Sequence[Tensor]) -> Tensor:
    """Batches one behind the other."""
    return torch.cat(list(terms))


def split(x: Tensor, *, counts: Sequence[int]) -> tuple[Tensor, ...]:
    """Joined batches taken apart: `counts` of them in each part. x: [N · Σ counts, …]."""
    each = len(x) // sum(counts)
    return x.split([each * count for count in counts])


def output(x: Sequence[Tensor], *, index: int) -> Tensor:
    """One of the tensors that a call gives."""
    return x[index]


def crossover(a: Tensor, b: Tensor, at: Tensor) -> Tensor:
    """a's styles, and b's from layer `at` on (StyleGAN, 3.1). a, b: [N, L, n]; at: [N] or [1]."""
    from_b = torch.arange(a.shape[1], device=a.device) >= at[:, None]
    return torch.where(from_b[:, :, None], b, a)


def box_mask(like: Tensor, corner: Tensor, share: Tensor) -> Tensor:
    """[N, 1, H, W], 1 inside a box of the proportions of `like` [N, C, H, W], 0 outside, in its format.

    share [N]: of the area, from 0 to 1, up to whole pixels. corner [N, 2]: the place down and across of the
    room that the box leaves, from 0 to 1 (arXiv:1905.04899, section 3.1).
    """
    inside = []
    for axis, length in enumerate(like.shape[2:]):
        side = (length * share.sqrt()).round()
        start = (corner[:, axis] * (length - side + 1)).floor().minimum(length - side)
        places = torch.arange(length, device=like.device)
        inside.append((places >= start[:, None]) & (places < (start + side)[:, None]))
    down, across = inside
    mask = (down[:, :, None] & across[:, None, :])[:, None].to(like.dtype)
    return mask.expand(len(like), -1, -1, -1)


def take(x: Tensor, at: Tensor) -> Tensor:
    """[N, L, n] → [N, k, n], the vectors at the positions `at` [N, k], from 0."""
    places = at.long()[:, :, None].expand(-1, -1, x.shape[2])
    return x.gather(1, places)

"""Sequences: windows of a feature as runs of tokens, positions, masks of what a sequence holds."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor

Sides = int | tuple[int, ...]


def by_side(value: Sides, count: int) -> tuple[int, ...]:
    """A number for each side: one for all of them, or all."""
    return (value,) * count if isinstance(value, int) else tuple(value)


def roll(x: Tensor, *, shift: Sides) -> Tensor:
    """A feature [N, C, H, W] moved in a circle along its sides. shift: places, for all or for each."""
    axes = tuple(range(2, x.dim()))
    return x.roll(by_side(shift, len(axes)), axes)


def window_partition(x: Tensor, *, window: Sides) -> Tensor:
    """[N, C, *sides] → [N, pixels, C], window by window, each row by row."""
    count = x.dim() - 2
    for axis, part in zip(range(2, 2 + 2 * count, 2), by_side(window, count), strict=True):
        x = x.unflatten(axis, (-1, part))
    outer, inner = range(2, x.dim(), 2), range(3, x.dim(), 2)
    return x.permute(0, *outer, *inner, 1).flatten(1, -2)


def window_reverse(x: Tensor, *, window: Sides, size: Sides) -> Tensor:
    """[N, pixels, C], window by window → [N, C, *size]."""
    sides = (size, size) if isinstance(size, int) else size
    count, parts = len(sides), by_side(window, len(sides))
    grid = [side // part for side, part in zip(sides, parts, strict=True)]
    x = x.unflatten(1, (*grid, *parts))
    order = [
        axis
        for pair in zip(range(1, 1 + count), range(1 + count, 1 + 2 * count), strict=True)
        for axis in pair
    ]
    x = x.permute(0, x.dim() - 1, *order)
    for axis in range(2, 2 + count):
        x = x.flatten(axis, axis + 1)
    return x


def window_mask(like: Tensor, *, size: Sides, window: Sides, shift: Sides) -> Tensor:
    """1 where two pixels of a window were near each other before a roll by −shift, else 0.

    like: [N, …] → [N, windows, P, P], P the pixels of a window (Liu et al. 2021, figure 4): along each side
    the last `shift` pixels came from the other end.
    """
    sides = (size, size) if isinstance(size, int) else size
    region = torch.zeros(1, 1, *sides, device=like.device)
    for axis, (side, moved) in enumerate(zip(sides, by_side(shift, len(sides)), strict=True)):
        wrapped = torch.arange(side, device=like.device) >= side - moved % side
        region = 2 * region + wrapped.to(region.dtype).reshape(-1, *(1,) * (len(sides) - 1 - axis))
    places = by_side(window, len(sides))
    runs = window_partition(region, window=window).reshape(-1, prod(places))
    same = (runs[:, :, None] == runs[:, None, :]).to(_dtype(like))
    return same.expand(like.shape[0], *same.shape)


def sinusoids(like: Tensor, *, channels: int, size: Sides, base: float = 10000.0) -> Tensor:
    """Sines and cosines of each pixel's place: like [N, …] → [N, channels, *size].

    Each of s sides has channels / s of them: sin(p·ω₀), sin(p·ω₁), …, then the cosines, of the place p along
    it, ωᵢ = base^(−i / (channels / 2s)) (Vaswani et al. 2017, section 3.5).
    """
    sides = (size, size) if isinstance(size, int) else size
    waves = []
    for axis, angles in enumerate(_angles(sides, channels // (2 * len(sides)), base, like.device)):
        shape = [1] * len(sides)
        shape[axis] = sides[axis]
        both = torch.cat((angles.sin(), angles.cos()), 1).T.reshape(-1, *shape)
        waves.append(both.expand(-1, *sides))
    made = torch.cat(waves).to(_dtype(like))
    return made.expand(like.shape[0], *made.shape)


def rotary(x: Tensor, *, heads: int = 1, size: Sides | None = None, base: float = 10000.0) -> Tensor:
    """Pairs of numbers turned by the place of their token (Su et al. 2021): [N, M, d] → [N, M, d].

    Of each head's d / heads numbers a share belongs to each side of `size` (None: tokens stand in a row);
    of a share of 2k numbers, the i-th and the (k + i)-th are turned by place · base^(−i / k).
    """
    sides = (x.shape[1],) if size is None else (size, size) if isinstance(size, int) else size
    pairs = x.shape[2] // (2 * len(sides) * heads)
    turns = []
    for axis, angles in enumerate(_angles(sides, pairs, base, x.device)):
        shape = [1] * len(sides)
        shape[axis] = sides[axis]
        turns.append(angles.reshape(*shape, pairs).expand(*sides, pairs))
    angle = torch.stack(turns, -2).flatten(0, -3)[:, None]  # [M, 1, sides, pairs]
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    a, b = x.unflatten(2, (heads, len(sides), 2, pairs)).unbind(-2)
    return torch.stack((a * cos - b * sin, b * cos + a * sin), -2).flatten(2)


def sequence_mask(lengths: Tensor, *, count: int) -> Tensor:
    """1 at the first `lengths` of `count` places, then 0: [N] → [N, count]; no gradient passes."""
    places = torch.arange(count, device=lengths.device)
    return (places < lengths.detach()[:, None]).to(_dtype(lengths))


def _angles(sides: Sequence[int], count: int, base: float, device: torch.device) -> list[Tensor]:
    """By side, [side, count]: place · base^(−i / count), computed in float64."""
    rates = base ** (-torch.arange(count, dtype=torch.float64, device=device) / count)
    return [torch.arange(side, dtype=torch.float64, device=device)[:, None] * rates for side in sides]


def _dtype(like: Tensor) -> torch.dtype:
    """That of weights: a batch that is told by 16-bit numbers has constants of 32 bits."""
    if not like.is_floating_point():
        return torch.get_default_dtype()
    return torch.promote_types(like.dtype, torch.float32)

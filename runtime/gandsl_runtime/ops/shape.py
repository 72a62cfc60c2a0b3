"""The same numbers in another shape."""

from __future__ import annotations

from torch import Tensor


def flatten(x: Tensor) -> Tensor:
    """[N, C, H, W] → [N, C·H·W], channel by channel."""
    return x.flatten(1)


def reshape(x: Tensor, *, channels: int, size: int | tuple[int, ...], layout: str = "chw") -> Tensor:
    """[N, channels·H·W] → [N, channels, H, W]. size: one number for height and width, or one to three sides.

    layout: which index of the vector runs slowest first, chw or hwc. A feature is flattened first.
    """
    sides, x = (size, size) if isinstance(size, int) else size, x.flatten(1)
    if layout == "chw":
        return x.unflatten(1, (channels, *sides))
    return x.unflatten(1, (*sides, channels)).movedim(-1, 1)


def to_tokens(x: Tensor) -> Tensor:
    """[N, C, H, W] → [N, H·W, C]."""
    return x.flatten(2).transpose(1, 2)


def from_tokens(x: Tensor, *, size: int | tuple[int, ...]) -> Tensor:
    """[N, H·W, C] → [N, C, H, W]. size: as in `reshape`."""
    sides = (size, size) if isinstance(size, int) else size
    return x.transpose(1, 2).unflatten(2, sides)

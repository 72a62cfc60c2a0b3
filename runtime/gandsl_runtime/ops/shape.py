"""The same numbers in another shape."""

from __future__ import annotations

from torch import Tensor


def flatten(x: Tensor) -> Tensor:
    """[N, C, H, W] → [N, C·H·W], channel by channel."""
    return x.flatten(1)


def reshape(x: Tensor, *, channels: int, size: int | tuple[int, int], layout: str = "chw") -> Tensor:
    """[N, channels·H·W] → [N, channels, H, W].

    layout: which index of the vector runs slowest first, chw or hwc.
    """
    height, width = (size, size) if isinstance(size, int) else size
    if layout == "chw":
        return x.unflatten(1, (channels, height, width))
    return x.unflatten(1, (height, width, channels)).permute(0, 3, 1, 2)


def to_tokens(x: Tensor) -> Tensor:
    """[N, C, H, W] → [N, H·W, C]."""
    return x.flatten(2).transpose(1, 2)


def from_tokens(x: Tensor, *, size: int | tuple[int, int]) -> Tensor:
    """[N, H·W, C] → [N, C, H, W]."""
    height, width = (size, size) if isinstance(size, int) else size
    return x.transpose(1, 2).unflatten(2, (height, width))

"""Convolutions as torch has them, around two faults of its CPU kernels."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

Pair = int | tuple[int, int]


def pair(value: Pair) -> tuple[int, int]:
    """One number for height and width, or both."""
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: int = 1,
    groups: int = 1,
) -> Tensor:
    """As `torch.nn.functional.conv2d`."""
    if _at_risk(x, stride):
        height, width = x.shape[2:]
        x, weight = _laid_out(x, weight, (height, width), stride, padding, dilation)
    if _misread(x, groups):
        x = _contiguous(x)
    return functional.conv2d(x, weight, bias, stride, padding, dilation, groups)


def conv_transpose2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Pair = 1,
    padding: Pair = 0,
    output_padding: int = 0,
    groups: int = 1,
) -> Tensor:
    """As `torch.nn.functional.conv_transpose2d`."""
    if _at_risk(x, stride):  # it is the reverse of a convolution of its result
        sides = zip(x.shape[2:], weight.shape[2:], pair(stride), pair(padding), strict=True)
        height, width = ((n - 1) * step - 2 * pad + taps + output_padding for n, taps, step, pad in sides)
        x, weight = _laid_out(x, weight, (height, width), stride, padding, 1)
    if _misread(x, groups):
        x = _contiguous(x)
    return functional.conv_transpose2d(x, weight, bias, stride, padding, output_padding, groups)


def _at_risk(x: Tensor, stride: Pair) -> bool:
    """With a stride, bfloat16 and channels last, oneDNN leaves gradients of some taps as it finds the memory.

    Those of a kernel's taps that see padding alone (a 3×3 kernel on 1×1, a 4×4 one on 2×2), and some on
    features of one pixel: torch 2.13.0+cpu, where it is still to be reported.
    """
    return x.dtype == torch.bfloat16 and x.device.type == "cpu" and stride not in (1, (1, 1))


def _misread(x: Tensor, groups: int) -> bool:
    """One pixel in float64 and in groups, whose part of a group may have the strides of channels last.

    The kernel without oneDNN then makes room for the weight's gradient in that layout, and refuses it
    ("grad_weight must be contiguous"): torch 2.13.0+cpu.
    """
    return groups > 1 and x.shape[2:] == (1, 1) and x.dtype == torch.float64 and x.device.type == "cpu"


def _laid_out(
    x: Tensor, weight: Tensor, size: tuple[int, int], stride: Pair, padding: Pair, dilation: int
) -> tuple[Tensor, Tensor]:
    """Both contiguous where a tap of the kernel sees nothing of a feature of this size."""
    sides = zip(size, weight.shape[2:], pair(stride), pair(padding), strict=True)
    if 1 in x.shape[2:] or any(_unseen(*side, dilation) for side in sides):
        return _contiguous(x), _contiguous(weight)
    return x, weight


def _unseen(side: int, taps: int, stride: int, padding: int, dilation: int) -> bool:
    """Whether some tap lies on padding wherever the kernel stands."""
    places = range(0, side + 2 * padding - dilation * (taps - 1), stride)
    return any(
        all(not 0 <= place + tap * dilation - padding < side for place in places) for tap in range(taps)
    )


def _contiguous(x: Tensor) -> Tensor:
    """With a contiguous tensor's strides: sides of 1 may have any, and count as channels last by them."""
    return x.contiguous().flatten().view(x.shape)

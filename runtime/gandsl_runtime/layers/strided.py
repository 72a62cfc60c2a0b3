"""Convolutions with a stride as torch has them, around a fault of its CPU kernels."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

Pair = int | tuple[int, int]


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
    return functional.conv2d(*_laid_out(x, weight, stride), bias, stride, padding, dilation, groups)


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
    return functional.conv_transpose2d(
        *_laid_out(x, weight, stride), bias, stride, padding, output_padding, groups
    )


def _laid_out(x: Tensor, weight: Tensor, stride: Pair) -> tuple[Tensor, Tensor]:
    """Both with a channel's numbers side by side, where torch's gradients would be wrong otherwise.

    With a stride, bfloat16 and channels last, oneDNN leaves the gradient of those taps of a kernel that see
    padding alone (a 3×3 kernel on 1×1, a 4×4 one on 2×2) as it finds the memory: torch 2.13.0+cpu, where it
    is still to be reported.
    """
    if stride in (1, (1, 1)) or x.dtype != torch.bfloat16 or x.device.type != "cpu":
        return x, weight
    return _side_by_side(x), _side_by_side(weight)


def _side_by_side(x: Tensor) -> Tensor:
    """Strides of a contiguous tensor: sides of 1 may have any, by which torch takes it for channels last."""
    return x.contiguous().flatten().view(x.shape)

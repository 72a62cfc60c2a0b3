"""Bilinear sampling of images, clamped at their edges; differentiable by the images any number of times.

torch before 2.13 has no second derivative of `grid_sample`. Sampling is linear in the images: its backward
spreads gradients over pixels, and the backward of that is sampling again.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

BILINEAR, BORDER = 0, 1  # as torch numbers them


def read(images: Tensor, grid: Tensor) -> Tensor:
    """Images (n, c, h, w) at grid (n, y, x, 2), from −1 to 1 between the middles of the outermost pixels.

    Compiled it is torch's own, since a compiler loses second derivatives of a function made by oneself.
    """
    return _sampled(images, grid) if torch.compiler.is_compiling() else _Read.apply(images, grid)


def _sampled(images: Tensor, grid: Tensor) -> Tensor:
    return F.grid_sample(images, grid, padding_mode="border", align_corners=True)


class _Read(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, images: Tensor, grid: Tensor) -> Tensor:
        ctx.save_for_backward(grid)
        ctx.size = images.shape
        return _sampled(images, grid)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None]:
        (grid,) = ctx.saved_tensors
        return _Spread.apply(slopes[0], grid, ctx.size), None


class _Spread(torch.autograd.Function):
    """The adjoint of sampling: gradients go back to the pixels that were read."""

    @staticmethod
    def forward(ctx: Any, slope: Tensor, grid: Tensor, size: torch.Size) -> Tensor:
        ctx.save_for_backward(grid)
        images = slope.new_empty(size)  # only its form counts where the grid's slope is not wanted
        how = (BILINEAR, BORDER, True, (True, False))
        return torch.ops.aten.grid_sampler_2d_backward(slope.contiguous(), images, grid, *how)[0]

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None, None]:
        (grid,) = ctx.saved_tensors
        return read(slopes[0], grid), None, None

"""Filters along the rows and columns of an image, which is reflected at its edges: as products of matrices.

A matrix for a block of outputs holds the filter's taps, shifted; the image is read block by block with the
overlap that the filter needs, past its edges by reflection. One product does what a depthwise convolution
does, on a CPU several times faster, and torch differentiates it as often as one likes.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

BLOCK = 32


class Band(NamedTuple):
    """A filter along one direction."""

    reads: Tensor  # (blocks · k,) places of the image, k for each block
    matrix: Tensor  # (k, m), or one for each image (N, k, m): m outputs of a block from the k it reads
    length: int  # outputs kept


def filtered(images: Tensor, rows: Band, columns: Band) -> Tensor:
    """[N, C, H, W] → [N, C, rows.length, columns.length]."""
    return _along(_along(images, columns).transpose(2, 3), rows).transpose(2, 3)


def reflected(places: Tensor, size: int) -> Tensor:
    """Places anywhere on the line, whole or not, as places in [0, size − 1]; the edges are not repeated."""
    if size == 1:
        return torch.zeros_like(places)
    return size - 1 - (places.remainder(2 * (size - 1)) - (size - 1)).abs()


def read(size: int, first: int, step: int, count: int, blocks: int, device: torch.device) -> Tensor:
    """`Band.reads`: block i reads `count` places from first + i·step on, those outside reflected."""
    begins = torch.arange(blocks, device=device)[:, None] * step + first
    return reflected(begins + torch.arange(count, device=device), size).flatten()


def placed(
    taps: Tensor, rows: int, columns: int, start: int = 0, by_row: int = 1, by_column: int = -1
) -> Tensor:
    """(…, n) → (…, rows, columns): taps[start + row · by_row + column · by_column], 0 where there is none."""
    row = torch.arange(rows, device=taps.device)[:, None] * by_row
    which = start + row + torch.arange(columns, device=taps.device) * by_column
    return F.pad(taps, (1, 1))[..., (which + 1).clamp(0, taps.shape[-1] + 1)]


def _along(images: Tensor, band: Band) -> Tensor:
    """Filter along the last direction."""
    n, c, h, _ = images.shape
    blocks = images.index_select(3, band.reads).reshape(n, -1, band.matrix.shape[-2])
    return (blocks @ band.matrix).view(n, c, h, -1)[..., : band.length]

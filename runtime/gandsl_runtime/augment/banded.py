"""Filters along the rows and columns of an image, which is reflected at its edges: as products of matrices.

A matrix holds the filter's taps, shifted, for a block of outputs; a large image is read block by block, with
the overlap that the filter needs. One product does what a depthwise convolution does, on a CPU several times
faster, and torch differentiates it as often as one likes.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

BLOCK = 160  # places read at a time, at most: images of 128² are read whole


class Band(NamedTuple):
    """A filter along one direction."""

    matrix: Tensor  # (k, m), or one for each image (N, k, m): m outputs of a block from the k it reads
    length: int  # outputs kept
    reads: Tensor | None  # (blocks · k,) places of the image, k for each block; None: one block reads it all


def filtered(images: Tensor, rows: Band, columns: Band) -> Tensor:
    """[N, C, H, W] → [N, C, rows.length, columns.length]."""
    return _along(_along(images, columns).transpose(2, 3), rows).transpose(2, 3)


def reflected(places: Tensor, size: int) -> Tensor:
    """Places anywhere on the line, whole or not, as places in [0, size − 1]; the edges are not repeated."""
    if size == 1:
        return torch.zeros_like(places)
    return size - 1 - (places.remainder(2 * (size - 1)) - (size - 1)).abs()


def band(matrix: Tensor, size: int, first: int, step: int, length: int) -> Band:
    """Block i reads as many places as the matrix has rows, from first + i·step on, reflected into the image.

    Where one block gives all outputs, the reflection too is put into the matrix.
    """
    rows, outputs = matrix.shape[-2:]
    blocks = -(-length // outputs)
    begins = torch.arange(blocks, device=matrix.device)[:, None] * step + first
    places = (begins + torch.arange(rows, device=matrix.device)).flatten()
    if torch.compiler.is_compiling():  # inductor (2.13) bounds remainders of whole numbers wrongly
        reads = reflected(places.float(), size).long()
    else:
        reads = reflected(places, size)
    if blocks > 1:
        return Band(matrix, length, reads)
    whole = matrix.new_zeros(*matrix.shape[:-2], size, outputs)
    return Band(whole.index_add(-2, reads, matrix), length, None)


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
    read = images if band.reads is None else images.index_select(3, band.reads)
    blocks = read.reshape(n, -1, band.matrix.shape[-2])
    return (blocks @ band.matrix).view(n, c, h, -1)[..., : band.length]

"""Flips, turns, shifts, scales: geometry, with every read past an edge reflected (arXiv:2006.06676, app. B).

A place is (x, y) in pixels from the middle of the image, y downwards. Transforms are kept as the inverse map,
from where a pixel is written to where it is read: place ↦ linear · place + offset.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor

from .banded import BLOCK, Band, band, filtered, placed, reflected
from .random_values import AugmentDraws
from .reading import read
from .wavelet import centre, symlet

XINT = XFRAC = 0.125  # of the side: bound of whole shifts, standard deviation of others
SCALE = ANISO = 0.2  # standard deviation of log2
MARGIN = 3  # pixels past the edge where the image is still filtered, and not yet reflected


def transform(images: Tensor, drawn: AugmentDraws, data_range: tuple[float, float]) -> Tensor:
    """Exact permutations of pixels where flips, quarter turns and whole shifts are all that happens.

    The rest is resampled between two wavelet filters. Quarter turns of a rectangle keep its shape; where the
    sides differ by an odd number the middle moves by half a pixel.
    """
    return _transformed(images, drawn, resampled)


def transform_of_maps(maps: Tensor, drawn: AugmentDraws, data_range: tuple[float, float]) -> Tensor:
    """The same of masks and class maps: where an image is resampled the nearest pixel is read."""
    return _transformed(maps, drawn, nearest)


def _transformed(
    images: Tensor, drawn: AugmentDraws, resample: Callable[[Tensor, Tensor, Tensor], Tensor]
) -> Tensor:
    h, w = images.shape[2:]
    flip, turns, right, down = _blit(drawn, h, w)
    changed = images
    if drawn.any_of("xflip", "rotate90", "xint"):
        changed = _permuted(images, flip, turns, right, down)
    if drawn.any_of("scale", "rotate", "aniso", "xfrac"):
        happened, linear, offset = _inverse(drawn, h, w, flip, turns, right, down)
        changed = torch.where(happened[:, None, None, None], resample(images, linear, offset), changed)
    return changed


def _blit(drawn: AugmentDraws, h: int, w: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(n,) int64 each: 1 or −1, quarter turns counterclockwise, pixels to the right and down."""
    flip = 1 - 2 * (drawn.happens("xflip") * drawn.integers("xflip/which", 0, 1))
    turns = drawn.happens("rotate90") * drawn.integers("rotate90/turns", 0, 3)
    shift = (drawn.uniform("xint/shift", 2) * 2 - 1) * XINT * drawn.happens("xint")[:, None]
    return flip, turns, (shift[:, 0] * w).round().long(), (shift[:, 1] * h).round().long()


def _permuted(images: Tensor, flip: Tensor, turns: Tensor, right: Tensor, down: Tensor) -> Tensor:
    """Flip, then turn, then shift, by whole pixels alone; counted in halves, so that the middle is whole."""
    h, w = images.shape[2:]
    y = 2 * (torch.arange(h, device=images.device) - down[:, None]) - (h - 1)
    x = 2 * (torch.arange(w, device=images.device) - right[:, None]) - (w - 1)
    y, x = y[:, :, None], x[:, None, :]
    cos, sin = (part[:, None, None] for part in _quarter(turns))
    source_y, source_x = cos * y + sin * x, flip[:, None, None] * (cos * x - sin * y)
    rows = reflected((source_y + h - 1).div(2, rounding_mode="floor"), h)
    columns = reflected((source_x + w - 1).div(2, rounding_mode="floor"), w)
    return _read(images, rows, columns)


def _read(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Each pixel from a place of its own: [n, h, w] int64."""
    n, c, h, w = images.shape
    places = (rows * w + columns).view(n, 1, h * w).expand(-1, c, -1)
    return images.flatten(2).gather(2, places).view_as(images)


def _quarter(turns: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine and sine of quarter turns, exactly."""
    return (1 - turns) * (turns % 2 == 0), (2 - turns) * (turns % 2 == 1)


def _inverse(
    drawn: AugmentDraws, h: int, w: int, flip: Tensor, turns: Tensor, right: Tensor, down: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Where pixels move by fractions, (n,) bool; the inverse of all that happens, (n, 2, 2) and (n, 2)."""
    cos, sin = (part.to(drawn.dtype) for part in _quarter(turns))
    linear = _matrix(flip * cos, -flip * sin, sin, cos)  # of flip, then turn
    offset = -_apply(linear, torch.stack((right, down), 1).to(drawn.dtype))
    identity = torch.eye(2, device=drawn.device, dtype=drawn.dtype)
    happened = torch.zeros_like(flip, dtype=torch.bool)
    for name, turn, rounds, undone in _FRACTIONAL:
        now, matrix = drawn.happens(name, rounds, turn), undone(drawn, turn)
        linear = _product(linear, torch.where(now[:, None, None], matrix, identity))
        happened = happened | now
    now, shift = drawn.happens("xfrac"), drawn.normal("xfrac", 2) * XFRAC
    shift = torch.stack((shift[:, 0] * w, shift[:, 1] * h), 1) * now[:, None]
    return happened | now, linear, offset - _apply(linear, shift)


def _scale(drawn: AugmentDraws, turn: int) -> Tensor:
    factor = torch.exp2(drawn.normal("scale", turn=turn) * -SCALE)
    return _matrix(factor, factor * 0, factor * 0, factor)


def _aniso(drawn: AugmentDraws, turn: int) -> Tensor:
    factor = torch.exp2(drawn.normal("aniso", turn=turn) * -ANISO)
    return _matrix(factor, factor * 0, factor * 0, 1 / factor)


def _rotation(drawn: AugmentDraws, turn: int) -> Tensor:
    angle = drawn.uniform("rotate/angle", turn=turn) * (2 * math.pi)
    return _matrix(angle.cos(), -angle.sin(), angle.sin(), angle.cos())


_FRACTIONAL: tuple[tuple[str, int, int, Callable[[AugmentDraws, int], Tensor]], ...] = (
    ("scale", 0, 1, _scale),
    ("rotate", 0, 2, _rotation),
    ("aniso", 0, 1, _aniso),
    ("rotate", 1, 2, _rotation),
)
"""Transform, which turn of it this is, in how many rounds it is made, its inverse (n, 2, 2): in order."""


def _matrix(a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> Tensor:
    """(n, 2, 2) of the rows (a, b), (c, d)."""
    return torch.stack((a, b, c, d), 1).view(-1, 2, 2)


def _product(a: Tensor, b: Tensor) -> Tensor:
    """Sums, not matmul, which may round to TF32."""
    return (a[:, :, :, None] * b[:, None]).sum(2)


def _apply(a: Tensor, v: Tensor) -> Tensor:
    return (a * v[:, None]).sum(2)


def resampled(images: Tensor, linear: Tensor, offset: Tensor) -> Tensor:
    """Images read at `linear` · place + `offset`: (n, 2, 2), (n, 2).

    Enlarged to twice the size by a wavelet filter, read bilinearly at twice the density, and brought back by
    the mirrored filter: the identity is exact up to rounding, and so is all that is linear in x and y.
    """
    h, w = images.shape[2:]
    (rows, top), (columns, left) = (_enlarging(size, images.device, images.dtype) for size in (h, w))
    large = filtered(images, rows, columns)
    source_y, source_x = _sources(_dense(h, images), _dense(w, images), linear, offset)
    grid = torch.stack(
        (_in_large(source_x, w, left, columns.length), _in_large(source_y, h, top, rows.length)), 3
    )
    # `border`, though nothing lies beyond it: cuDNN's sampler, taken for `zeros`, has no second derivative
    moved = read(large, grid)
    return filtered(moved, *(_reducing(size, images.device, images.dtype) for size in (h, w)))


def nearest(maps: Tensor, linear: Tensor, offset: Tensor) -> Tensor:
    """Maps read at the pixel nearest to `linear` · place + `offset`: (n, 2, 2), (n, 2)."""
    h, w = maps.shape[2:]
    y, x = (torch.arange(size, device=maps.device, dtype=linear.dtype) - (size - 1) / 2 for size in (h, w))
    source_y, source_x = _sources(y, x, linear, offset)
    rows, columns = (
        reflected((source + size / 2).floor().long(), size) for source, size in ((source_y, h), (source_x, w))
    )
    return _read(maps, rows, columns)


def _sources(y: Tensor, x: Tensor, linear: Tensor, offset: Tensor) -> tuple[Tensor, Tensor]:
    """y and x (n, rows, columns) of where is read what is written at rows y and columns x."""
    y, x = y[None, :, None], x[None, None, :]
    a, b, c, d = linear.flatten(1)[:, :, None, None].unbind(1)
    return c * x + d * y + offset[:, 1, None, None], a * x + b * y + offset[:, 0, None, None]


_TAPS = symlet(6)
_DELAY = centre(_TAPS)
"""Pixel k of an image lies at 2k + _DELAY of the enlarged one."""


def _dense(size: int, images: Tensor) -> Tensor:
    """Places from the middle, half a pixel apart: those that the reducing filter reads."""
    count = 2 * (size - 1) + len(_TAPS)
    places = torch.arange(count, device=images.device, dtype=images.dtype)
    return (places - _DELAY - (size - 1)) / 2


def _in_large(places: Tensor, size: int, first: int, count: int) -> Tensor:
    """Places from the middle as places in the enlarged image of `count` pixels, whose ends are −1 and 1."""
    pixels = places + (size - 1) / 2
    near = (pixels >= -MARGIN) & (pixels <= size - 1 + MARGIN)
    pixels = torch.where(near, pixels, reflected(pixels, size))
    return (2 * pixels + (_DELAY - first)) * (2 / (count - 1)) - 1


@lru_cache(maxsize=64)
def _enlarging(size: int, device: torch.device, dtype: torch.dtype) -> tuple[Band, int]:
    """To twice the size and MARGIN pixels more on either side; and where that begins, in enlarged pixels."""
    first = 2 * math.floor((_DELAY - 2 * MARGIN) / 2)
    length = math.ceil(_DELAY + 2 * (size - 1 + MARGIN)) - first + 1
    block, overlap = min(BLOCK, -(-length // 2)), len(_TAPS) // 2 - 1
    taps = torch.tensor(_TAPS, device=device, dtype=dtype) * math.sqrt(2)
    matrix = placed(taps, block + overlap, 2 * block, start=2 * overlap, by_row=-2, by_column=1)
    return band(matrix, size, first // 2 - overlap, block, length), first


@lru_cache(maxsize=64)
def _reducing(size: int, device: torch.device, dtype: torch.dtype) -> Band:
    """From what `_dense` has placed back to the image."""
    block = min(BLOCK, size)
    dense, reads = (2 * (pixels - 1) + len(_TAPS) for pixels in (size, block))
    taps = torch.tensor(_TAPS, device=device, dtype=dtype) / math.sqrt(2)
    return band(placed(taps, reads, block, by_row=1, by_column=-2), dense, 0, 2 * block, size)

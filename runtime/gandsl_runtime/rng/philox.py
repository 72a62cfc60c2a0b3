"""Philox 4x32-10: random numbers that are a function of a key, a stream, a sample's place and an index.

The generator is that of Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", section 3.3. Its
key is a phase's, its counter (block, place, stream, stream): number j of a sample is word j mod 4 of block
j div 4. Uniform numbers are a word's upper 24 bits; normal ones are made of two words (Box and Muller 1958).
Whole numbers, sums, products and square roots, each rounded by itself, are all there is, so that this file
and the kernel for CUDA give the same bits. On the CPU it is numpy's: of torch's functions each takes three
times as long to call, and a number twice as long to draw.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..kernels.found import kernels

ROUNDS = 10
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)  # of words 0 and 2
WEYL = (0x9E3779B9, 0xBB67AE85)  # what the key's words grow by, each round
WORD = (1 << 32) - 1

# Fitted to the least relative error of the whole, which is below 3e-8, and rounded to float32.
LOG = (
    -0.49999991059303284,
    0.33333951234817505,
    -0.25001755356788635,
    0.19962072372436523,
    -0.16570508480072021,
    0.14917974174022675,
    -0.14307521283626556,
    0.08734840899705887,
)
"""(ln(1 + s) − s) / s² in powers of s, for √½ ≤ 1 + s < √2."""
SINE = (
    1.5707963705062866,
    -0.645963728427887,
    0.07968968152999878,
    -0.004673766903579235,
    0.0001514852629043162,
)
"""sin(πt/2) / t in powers of t², for 0 ≤ t ≤ 1."""
LN2 = 0.6931471824645996
ROOT_HALF = 0x3F3504F3  # the bits of √½
WITHIN = (1 << 30) - 1  # the bits of a word that are an angle within its quadrant

AT_ONCE = 1 << 13  # blocks of four numbers: what is computed with them stays in a core's cache

Array = np.ndarray[Any, Any]

_WORD, _HALF = np.uint64(WORD), np.uint64(32)
_CROSSED = np.array(MULTIPLIERS[::-1], np.uint64)  # word 2's product comes to stand before word 0's
_GROWN = np.arange(ROUNDS, dtype=np.uint64)[:, None] * np.array(WEYL, np.uint64)


@dataclass(frozen=True)
class Rows:
    """The places of the rows of a draw: `count` of them, start, start + step, …; then the same + total, …

    More rows than `count` are those of several batches joined, each of `total` samples in all.
    """

    start: int
    step: int
    count: int
    total: int

    def places(self, rows: int) -> Array:
        """[rows] uint64."""
        if rows <= self.count:
            return np.arange(self.start, self.start + rows * self.step, self.step, dtype=np.uint64)
        batch, at = np.divmod(np.arange(rows, dtype=np.uint64), np.uint64(self.count))
        return batch * np.uint64(self.total) + at * np.uint64(self.step) + np.uint64(self.start)


@torch.library.custom_op("gandsl::draw", mutates_args=("out",))
def draw(
    out: Tensor, key: int, stream: int, normal: bool, start: int, step: int, count: int, total: int
) -> None:
    """Fill `out` [n, …], contiguous: int64 with words, float32 with uniform numbers or with normal ones.

    key, stream: 64 bits each, signed. The rest: as of Rows.
    """
    rows = Rows(start, step, count, total)
    if (found := kernels("philox", out.device)) is not None:
        found.launch(out, key, stream, normal, rows)
    elif out.device.type == "cpu":
        fill(out.numpy(), key, stream, normal, rows)
    else:
        drawn = torch.empty(out.shape, dtype=out.dtype)
        fill(drawn.numpy(), key, stream, normal, rows)
        out.copy_(drawn)


@draw.register_fake
def _(
    out: Tensor, key: int, stream: int, normal: bool, start: int, step: int, count: int, total: int
) -> None:
    """Fakes hold no numbers."""


def filled(out: Tensor, key: int, stream: int, normal: bool, rows: Rows) -> None:
    """As `draw`. A plain tensor on the CPU needs no operator, whose call takes as long as a small draw."""
    if type(out) is Tensor and out.device.type == "cpu":
        fill(out.numpy(), key, stream, normal, rows)
    else:
        draw(out, key, stream, normal, rows.start, rows.step, rows.count, rows.total)


def fill(out: Array, key: int, stream: int, normal: bool, rows: Rows) -> None:
    """What `draw` does, in memory."""
    n, numbers = len(out), out[:1].size
    blocks = -(-numbers // 4)
    flat = out.reshape(n, numbers)
    whole = flat if numbers == 4 * blocks else np.empty((n, 4 * blocks), out.dtype)
    given = whole.reshape(n, blocks, 2, 2)  # pairs of words, and the words of a pair
    places = rows.places(n)
    for those, columns in _pieces(n, blocks):
        even, odd = words(np.arange(columns.start, columns.stop), places[those, None], stream, key)
        if out.dtype != np.int64:
            even, odd = box_muller(even, odd) if normal else (uniform(even), uniform(odd))
        for pair in (0, 1):
            given[those, columns, pair, 0], given[those, columns, pair, 1] = even[pair], odd[pair]
    if whole is not flat:
        flat[...] = whole[:, :numbers]


def _pieces(rows: int, blocks: int) -> Iterator[tuple[slice, slice]]:
    """Slices of rows and of blocks, of about AT_ONCE blocks each."""
    width = max(1, min(blocks, AT_ONCE))
    height = max(1, AT_ONCE // width)
    for row in range(0, rows, height):
        for block in range(0, blocks, width):
            yield slice(row, min(row + height, rows)), slice(block, min(block + width, blocks))


def words(block: Array, place: Array, stream: int, key: int) -> tuple[Array, Array]:
    """Words (0, 2) and words (1, 3) of each block, [2, …] uint64 each, from 0 to 2³² − 1.

    block, place: of whole numbers, which broadcast; stream, key: 64 bits each.
    """
    first, second, product = np.empty((3, 2, *np.broadcast(block, place).shape), np.uint64)
    first[0], second[0], first[1], second[1] = block, place, stream & WORD, stream >> 32 & WORD
    ones = (1,) * (first.ndim - 1)
    crossed, multipliers = first[::-1], _CROSSED.reshape(2, *ones)
    for keys in _keys(key).reshape(ROUNDS, 2, *ones):
        np.multiply(crossed, multipliers, out=product)
        # the lower halves are the next second words: what stands above them is cut off with the sum's
        np.right_shift(product, _HALF, out=first)
        first ^= second
        first ^= keys
        first &= _WORD
        second, product = product, second
    second &= _WORD
    return first, second


def _keys(key: int) -> Array:
    """What each round adds to the first words, [ROUNDS, 2]."""
    return (np.array((key & WORD, key >> 32 & WORD), np.uint64) + _GROWN) & _WORD


def uniform(word: Array) -> Array:
    """float32 in [0, 1) of words."""
    return (word >> np.uint64(8)).astype(np.float32) * np.float32(2.0**-24)


def box_muller(radius: Array, angle: Array) -> Array:
    """[2, …] float32, normal: √(−2 ln u) times sine and cosine, of two words each.

    The lower 30 bits of a word say where in its quadrant the angle lies; the upper two are the signs.
    """
    s = radius.astype(np.float32)
    s += np.float32(0.5)  # u · 2³²
    bits = s.view(np.int32)
    exponent = bits - np.int32(ROOT_HALF)
    exponent >>= 23
    bits -= exponent << 23
    s -= np.float32(1.0)
    log = _polynomial(LOG, s)
    log *= s
    log *= s
    log += s
    exponent -= 32
    length = exponent.astype(np.float32)
    length *= np.float32(LN2)
    length += log
    length *= np.float32(-2.0)
    np.sqrt(length, out=length)

    angle = angle.astype(np.uint32)
    t = np.empty((2, *angle.shape), np.float32)
    t[0] = angle & np.uint32(WITHIN)
    t[1] = ~angle & np.uint32(WITHIN)
    t += np.float32(0.5)
    t *= np.float32(2.0**-30)
    pair = _polynomial(SINE, t * t)
    pair *= t
    pair *= length
    signs = pair.view(np.uint32)
    signs[0] ^= angle & np.uint32(1 << 31)
    angle <<= np.uint32(1)
    signs[1] ^= angle & np.uint32(1 << 31)
    return pair


def _polynomial(coefficients: tuple[float, ...], x: Array) -> Array:
    *rest, first, last = coefficients
    value = x * np.float32(last)
    value += np.float32(first)
    for coefficient in reversed(rest):
        value *= x
        value += np.float32(coefficient)
    return value

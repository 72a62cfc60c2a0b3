"""`gandsl::upfirdn` for CUDA: one launch, whose programs take numbers of the result as they lie in memory."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

BLOCK = 1024  # numbers of the result a program makes


def launch(x: Tensor, y: Tensor, kernel: Tensor, rows: list[int], columns: list[int], turned: bool) -> Tensor:
    """Fill y and return it; the rest as of the operator."""
    if not y.numel():
        return y
    kernel = kernel.contiguous()
    _filter[(triton.cdiv(y.numel(), BLOCK),)](
        x,
        y,
        kernel,
        y.numel(),
        *x.shape[1:],
        *y.shape[2:],
        rows[2],
        columns[2],
        UP=rows[0],
        ACROSS=columns[0],
        DOWN=rows[1],
        LEFT_OUT=columns[1],
        KH=kernel.shape[0],
        KW=kernel.shape[1],
        TURNED=turned,
        LAST=not x.is_contiguous(),
        WIDE=tl.float64 if kernel.dtype == torch.float64 else tl.float32,
        BLOCK=BLOCK,
    )
    return y


@triton.jit(do_not_specialize=["top", "left"])
def _filter(
    x,
    y,
    kernel,
    numbers,
    channels,
    height,
    width,
    tall,
    wide,
    top,
    left,
    UP: tl.constexpr,
    ACROSS: tl.constexpr,
    DOWN: tl.constexpr,
    LEFT_OUT: tl.constexpr,
    KH: tl.constexpr,
    KW: tl.constexpr,
    TURNED: tl.constexpr,
    LAST: tl.constexpr,
    WIDE: tl.constexpr,
    BLOCK: tl.constexpr,
):
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = at < numbers
    if LAST:  # [N, H, W, C]
        c, pixel = at % channels, at // channels
        start, beside = pixel // (tall * wide) * (height * width * channels) + c, channels
    else:  # [N, C, H, W]
        pixel = at
        start, beside = pixel // (tall * wide) * (height * width), 1
    column, row = (pixel % wide).to(tl.int32), (pixel // wide % tall).to(tl.int32)
    total = tl.zeros([BLOCK], WIDE)
    for i in tl.static_range(KH):
        stretched = row * DOWN + (i - top)
        r = stretched // UP
        here = inside & (stretched >= 0) & (stretched % UP == 0) & (r < height)
        for j in tl.static_range(KW):
            along = column * LEFT_OUT + (j - left)
            s = along // ACROSS
            mask = here & (along >= 0) & (along % ACROSS == 0) & (s < width)
            value = tl.load(x + start + (r * width + s).to(tl.int64) * beside, mask=mask, other=0.0)
            tap = tl.load(kernel + ((KH - 1 - i) * KW + (KW - 1 - j) if TURNED else i * KW + j))
            total += value.to(WIDE) * tap.to(WIDE)
    tl.store(y + at, total.to(y.dtype.element_ty), mask=inside)

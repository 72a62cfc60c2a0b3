"""Convolution, filtering and enlargement written another way, for tests of layers."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

TIGHT = {"rtol": 1e-9, "atol": 1e-11}


def same(a: Tensor, b: Tensor) -> None:
    torch.testing.assert_close(a, b, **TIGHT)


def patches(x: Tensor, kernel: tuple[int, int], stride: int = 1, dilation: int = 1) -> Tensor:
    """[N, C, H, W] → [N, C, kh, kw, outH, outW], by indexing."""
    kh, kw = kernel
    rows = (x.shape[2] - dilation * (kh - 1) - 1) // stride + 1
    columns = (x.shape[3] - dilation * (kw - 1) - 1) // stride + 1
    return torch.stack(
        [
            torch.stack(
                [
                    x[:, :, a * dilation :, b * dilation :][:, :, ::stride, ::stride][:, :, :rows, :columns]
                    for b in range(kw)
                ],
                2,
            )
            for a in range(kh)
        ],
        2,
    )


def stretched(x: Tensor, factor: int) -> Tensor:
    """factor − 1 zeros after each pixel."""
    y = x.new_zeros(*x.shape[:2], x.shape[2] * factor, x.shape[3] * factor)
    y[:, :, ::factor, ::factor] = x
    return y


def upfirdn(x: Tensor, taps: Tensor, up: int, down: int, pad: tuple[int, ...], gain: float) -> Tensor:
    """The definition: stretch, pad or crop, convolve, decimate."""
    y = functional.pad(stretched(x, up), pad)
    kernel = torch.outer(taps, taps).flip(0, 1) / taps.sum() ** 2
    y = torch.einsum("ncabhw,ab->nchw", patches(y, (len(taps), len(taps))), kernel)
    return y[:, :, ::down, ::down] * gain

"""Upsample, pad, filter, downsample, with one separable filter."""

from __future__ import annotations

from typing import NamedTuple, Unpack

import torch
from torch import Tensor
from torch.nn import functional

from gandsl_runtime.layers.base import Computed
from gandsl_runtime.layers.epilogue import Epilogue, finish, fused, inner_gain, is_fused
from gandsl_runtime.layers.strided import conv2d, conv_transpose2d
from gandsl_runtime.layers.upfirdn import upfirdn

STILL = [1, 1, 0, 0]  # a direction that `upfirdn` leaves as it is
LONG = 7  # taps from which a pass for each direction beats one pass with the square kernel


class Axis(NamedTuple):
    """How one direction is filtered by a (transposed) convolution."""

    stride: int = 1
    before: tuple[int, int] = (0, 0)  # zeros around the input
    padding: int = 0  # of the convolution
    after: tuple[int, int] = (0, 0)  # pixels cut from its output


class Fir(Computed):
    """Put up − 1 zeros after each pixel, pad or crop, convolve with `taps` both ways, keep every down-th.

    x: [N, C, H, W] → [N, C, (H·up + top + bottom − len(taps)) // down + 1, …]. pad: left, right, top, bottom;
    negative crops. taps are normalized to sum 1; `gain` multiplies the result. No keys: the filter is a
    constant. plane: a filter [n, n] with sum 1 that is no product of two, in place of the taps.

    Short filters are one depthwise convolution, transposed where it enlarges: on a CPU that took half the
    time of one for each direction, and a third to a sixth of filtering an image with zeros put in.
    """

    kernel: Tensor

    def __init__(
        self,
        *,
        taps: tuple[float, ...] = (1.0, 3.0, 3.0, 1.0),
        up: int = 1,
        down: int = 1,
        pad: tuple[int, int, int, int] = (0, 0, 0, 0),
        gain: float = 1.0,
        plane: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.taps, self.up, self.down, self.pad, self.gain, self.plane = taps, up, down, pad, gain, plane
        self.apart = len(taps) >= LONG and plane is None  # a pass for each direction
        left, right, top, bottom = pad
        self.axes = (_axis(len(taps), up, down, top, bottom), _axis(len(taps), up, down, left, right))
        # short: the square kernel. long: the vertical taps, and the horizontal ones times the gain
        rows = 2 if self.apart else len(taps)
        self.register_buffer("kernel", torch.empty(rows, len(taps)), persistent=False)
        self.reset()

    def initialize(self) -> None:
        if self.plane is not None:
            self.kernel.copy_((self.plane.flip(0, 1) if self.up == 1 else self.plane) * self.gain)
            return
        taps = torch.tensor(self.taps, dtype=torch.float64)
        taps = taps / taps.sum()
        if self.up == 1:
            taps = taps.flip(0)  # a convolution of torch's correlates, a transposed one convolves
        vertical, horizontal = taps, taps * self.gain
        both = torch.stack([vertical, horizontal]) if self.apart else torch.outer(vertical, horizontal)
        self.kernel.copy_(both)

    def forward(self, x: Tensor, **after: Unpack[Epilogue]) -> Tensor:
        if is_fused(after):
            return self._fused(x, after)
        gain = inner_gain(after)
        bias = after.get("bias")
        if bias is not None:
            bias = (bias if gain == 1.0 else bias * gain).to(x.dtype)
        kernel = (self.kernel if gain == 1.0 else self.kernel * self._spread(gain)).to(x.dtype)
        rows, columns = self.axes
        if not self.apart:
            y = self._filter(x, kernel, bias, (rows, columns))
        else:
            y = self._filter(x, kernel[0, :, None], None, (rows, Axis()))
            y = self._filter(y, kernel[1, None, :], bias, (Axis(), columns))
        if self.up > 1 and self.down > 1:
            y = y[:, :, :: self.down, :: self.down]
        return finish(y, after, fresh=self.up == 1 or self.down == 1)

    def _fused(self, x: Tensor, after: Epilogue) -> Tensor:
        """In an operator for all (or one for each direction), and one for what follows."""
        left, right, top, bottom = self.pad
        rows, columns = [self.up, self.down, top, bottom], [self.up, self.down, left, right]
        turned = self.up > 1  # the kernel is kept as torch's convolutions want it
        if not self.apart:
            y = upfirdn(x, self.kernel, rows, columns, turned)
        else:
            y = upfirdn(x, self.kernel[0, :, None], rows, STILL, turned)
            y = upfirdn(y, self.kernel[1, None, :], STILL, columns, turned)
        return fused(y, after) if after.keys() > {"fused"} else y

    def _spread(self, gain: float) -> float:
        """The factor on the whole kernel buffer that multiplies the result by `gain`."""
        return float(gain**0.5) if self.apart else gain

    def _filter(self, x: Tensor, kernel: Tensor, bias: Tensor | None, axes: tuple[Axis, Axis]) -> Tensor:
        """kernel: [kh, kw]."""
        (_, (top, bottom), _, cut_rows), (_, (left, right), _, cut_columns) = axes
        stride, padding = (axes[0].stride, axes[1].stride), (axes[0].padding, axes[1].padding)
        if any((top, bottom, left, right)):
            x = functional.pad(x, (left, right, top, bottom))
        channels = x.shape[1]
        weight = kernel.expand(channels, 1, *kernel.shape)
        if self.up == 1:
            return conv2d(x, weight, bias, stride, padding, groups=channels)
        y = conv_transpose2d(x, weight, bias, stride, padding, groups=channels)
        if any((*cut_rows, *cut_columns)):
            y = functional.pad(y, [-side for side in (*cut_columns, *cut_rows)])
        return y


def _axis(taps: int, up: int, down: int, low: int, high: int) -> Axis:
    """One direction with `low` and `high` zeros around the (stretched) input."""
    if up == 1:
        shared = low if low == high and low >= 0 else 0
        return Axis(down, (low - shared, high - shared), shared)
    # A transposed convolution gives all (n − 1)·up + taps overlaps; of these the filter wants to begin
    # `cut_low` late and to end `cut_high` early. Where that is negative, zeros around the input make room
    # first.
    cut_low, cut_high = taps - 1 - low, taps - up - high
    before = (max(0, -(cut_low // up)), max(0, -(cut_high // up)))
    cut_low, cut_high = cut_low + before[0] * up, cut_high + before[1] * up
    shared = min(cut_low, cut_high)
    return Axis(up, before, shared, (cut_low - shared, cut_high - shared))

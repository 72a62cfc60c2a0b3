"""Upsample, pad, filter, downsample, with one separable filter."""

from __future__ import annotations

from functools import reduce
from typing import ClassVar, NamedTuple, Unpack

import torch
from torch import Tensor
from torch.nn import functional

from gandsl_runtime.layers.base import Computed
from gandsl_runtime.layers.epilogue import Epilogue, finish, fused, inner_gain, is_fused
from gandsl_runtime.layers.strided import conv, conv_transpose
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
    """Put up − 1 zeros after each pixel, pad or crop, convolve with `taps` each way, keep every down-th.

    x: [N, C, H, W] → [N, C, (H·up + top + bottom − len(taps)) // down + 1, …]. pad: left, right, top, bottom;
    negative crops. taps are normalized to sum 1; `gain` multiplies the result. No keys: the filter is a
    constant. plane: a filter [n, n] with sum 1 that is no product of two, in place of the taps.

    Short filters are one depthwise convolution, transposed where it enlarges: on a CPU that took half the
    time of one for each direction, and a third to a sixth of filtering an image with zeros put in.
    """

    kernel: Tensor
    sides: ClassVar[int] = 2  # of what is filtered

    def __init__(
        self,
        *,
        taps: tuple[float, ...] = (1.0, 3.0, 3.0, 1.0),
        up: int = 1,
        down: int = 1,
        pad: tuple[int, ...] = (0, 0, 0, 0),
        gain: float = 1.0,
        plane: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.taps, self.up, self.down, self.pad, self.gain, self.plane = taps, up, down, pad, gain, plane
        # a pass for each direction
        self.apart = len(taps) >= LONG and plane is None and self.sides > 1
        ends = zip(pad[::2], pad[1::2], strict=True)  # the last side first; that of none has any number
        self.axes = tuple(_axis(len(taps), up, down, *around) for around in ends)[: self.sides][::-1]
        self.axes += (_axis(len(taps), up, down, 0, 0),) * (self.sides - len(self.axes))
        # short: the square kernel. long: the taps of each side, those of the last times the gain
        shape = (self.sides, len(taps)) if self.apart else (len(taps),) * self.sides
        self.register_buffer("kernel", torch.empty(shape), persistent=False)
        self.reset()

    def initialize(self) -> None:
        if self.plane is not None:
            self.kernel.copy_((self.plane.flip(0, 1) if self.up == 1 else self.plane) * self.gain)
            return
        taps = torch.tensor(self.taps, dtype=torch.float64)
        taps = taps / taps.sum()
        if self.up == 1:
            taps = taps.flip(0)  # a convolution of torch's correlates, a transposed one convolves
        lines = [taps] * (self.sides - 1) + [taps * self.gain]
        product = torch.stack(lines) if self.apart else reduce(lambda one, line: one[..., None] * line, lines)
        self.kernel.copy_(product)

    def forward(self, x: Tensor, **after: Unpack[Epilogue]) -> Tensor:
        if is_fused(after):
            return self._fused(x, after)
        gain = inner_gain(after)
        bias = after.get("bias")
        if bias is not None:
            bias = (bias if gain == 1.0 else bias * gain).to(x.dtype)
        kernel = (self.kernel if gain == 1.0 else self.kernel * self._spread(gain)).to(x.dtype)
        if not self.apart:
            y = self._filter(x, kernel, bias, self.axes)
        else:
            y, last = x, self.sides - 1
            for side, axis in enumerate(self.axes):
                axes = tuple(axis if one == side else Axis() for one in range(self.sides))
                line = kernel[side].view([-1 if one == side else 1 for one in range(self.sides)])
                y = self._filter(y, line, bias if side == last else None, axes)
        if self.up > 1 and self.down > 1:
            kept = slice(None, None, self.down)
            y = y[(slice(None), slice(None), *[kept] * self.sides)]
        return finish(y, after, fresh=self.up == 1 or self.down == 1)

    def _fused(self, x: Tensor, after: Epilogue) -> Tensor:
        """In an operator for all (or one for each direction), and one for what follows."""
        left, right, top, bottom = (*self.pad, 0, 0)[:4]
        rows, columns = [self.up, self.down, top, bottom], [self.up, self.down, left, right]
        turned = self.up > 1  # the kernel is kept as torch's convolutions want it
        if self.sides != 2:  # the operator is of planes
            y = self(x)
        elif not self.apart:
            y = upfirdn(x, self.kernel, rows, columns, turned)
        else:
            y = upfirdn(x, self.kernel[0, :, None], rows, STILL, turned)
            y = upfirdn(y, self.kernel[1, None, :], STILL, columns, turned)
        return fused(y, after) if after.keys() > {"fused"} else y

    def _spread(self, gain: float) -> float:
        """The factor on the whole kernel buffer that multiplies the result by `gain`."""
        return float(gain ** (1 / self.sides)) if self.apart else gain

    def _filter(self, x: Tensor, kernel: Tensor, bias: Tensor | None, axes: tuple[Axis, ...]) -> Tensor:
        """kernel: [kh, kw], or of as many sides as there are."""
        stride, padding = tuple(axis.stride for axis in axes), tuple(axis.padding for axis in axes)
        before = [end for axis in reversed(axes) for end in axis.before]  # the last side first
        if any(before):
            x = functional.pad(x, before)
        channels = x.shape[1]
        weight = kernel.expand(channels, 1, *kernel.shape)
        if self.up == 1:
            return conv(x, weight, bias, stride, padding, groups=channels)
        y = conv_transpose(x, weight, bias, stride, padding, groups=channels)
        cut = [-end for axis in reversed(axes) for end in axis.after]
        return functional.pad(y, cut) if any(cut) else y


class Fir1d(Fir):
    """The same along a length. x: [N, C, T]; pad: left, right."""

    sides = 1


class Fir3d(Fir):
    """The same over a volume. x: [N, C, D, H, W]; pad: left, right, top, bottom, front, back."""

    sides = 3


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

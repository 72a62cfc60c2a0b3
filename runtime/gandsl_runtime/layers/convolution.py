"""Convolution and transposed convolution."""

from __future__ import annotations

import math
from functools import reduce
from typing import ClassVar, Unpack

import torch
from torch import Tensor
from torch.nn import functional

from gandsl_runtime.layers.epilogue import Epilogue, finish, fused, inner_gain, is_fused
from gandsl_runtime.layers.initialize import Fans
from gandsl_runtime.layers.strided import Sides, conv, conv_transpose, each
from gandsl_runtime.layers.upfirdn import format_of
from gandsl_runtime.layers.weight import Weighted, WeightOptions, multiply_smaller, scaled_late


class _Convolution(Weighted):
    """What a convolution and its transpose hold alike; fan_in is of a group's input channels."""

    sides: ClassVar[int] = 2  # of what is convolved

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: Sides,
        groups: int,
        bias: bool,
        options: WeightOptions,
        *,
        transposed: bool = False,
    ) -> None:
        size = each(kernel, self.sides)
        ins, outs, area = in_channels // groups, out_channels // groups, math.prod(size)
        shape = (in_channels, outs, *size) if transposed else (out_channels, ins, *size)
        super().__init__(shape, Fans(ins * area, outs * area), out_channels if bias else 0, **options)
        self.groups = groups


class Conv2d(_Convolution):
    """Convolution. x: [N, in, H, W]. Keys: weight [out, in / groups, kh, kw], bias [out].

    padding None is kernel // 2 on each side. padding_mode: zeros, reflect or replicate. kernel, stride,
    padding and dilation: one number, or one for each side.

    Calls may take over a change of size: `enlarge` x by that factor first (nearest), or `shrink` the result
    (average). That is one convolution with stride, whose kernel sums shifted copies of the weight: at a
    factor of 2 a 3×3 kernel takes 2.25 times fewer products so. For odd kernels, padding None, zeros, and
    no stride, dilation or groups.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        kernel: Sides = 3,
        stride: Sides = 1,
        padding: Sides | None = None,
        padding_mode: str = "zeros",
        dilation: Sides = 1,
        groups: int = 1,
        bias: bool = True,
        **options: Unpack[WeightOptions],
    ) -> None:
        super().__init__(in_channels, out_channels, kernel, groups, bias, options)
        self.stride, self.dilation = stride, dilation
        half = tuple(taps // 2 for taps in self.weight.shape[2:])
        self.padding = half if padding is None else each(padding, self.sides)
        self.padding_mode = padding_mode

    def forward(
        self,
        x: Tensor,
        *,
        weight: Tensor | None = None,
        enlarge: int = 1,
        shrink: int = 1,
        **after: Unpack[Epilogue],
    ) -> Tensor:
        if is_fused(after):
            return self._fused(x, weight, enlarge, shrink, after)
        gain = inner_gain(after)
        if enlarge > 1 or shrink > 1:
            bias = self.bias_used(after.get("bias"), gain, x.dtype)
            return finish(self._resampled(x, weight, gain, bias, enlarge, shrink), after)
        x, weight = multiply_smaller(x, *self.used(weight, gain))
        bias = self.bias_used(after.get("bias"), gain, x.dtype)
        return finish(self._convolve(x, weight.to(x.dtype), bias), after)

    def _convolve(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        padding = self.padding
        if self.padding_mode != "zeros" and any(padding):
            ends = [pad for pad in reversed(padding) for _ in range(2)]  # the last side first
            x, padding = functional.pad(x, ends, mode=self.padding_mode), (0,) * self.sides
        return conv(x, weight, bias, self.stride, padding, self.dilation, self.groups)

    def _fused(self, x: Tensor, weight: Tensor | None, enlarge: int, shrink: int, after: Epilogue) -> Tensor:
        if enlarge > 1 or shrink > 1:
            y, alpha = self._resampled(x, weight, 1.0, None, enlarge, shrink), 1.0
        else:
            used, alpha = scaled_late(x, *self.used(weight))
            y = self._convolve(x, used.to(x.dtype), None)
        return fused(y, after, alpha=alpha, bias=self.bias, beta=self.lr_multiplier)

    def _resampled(
        self, x: Tensor, weight: Tensor | None, gain: float, bias: Tensor | None, enlarge: int, shrink: int
    ) -> Tensor:
        """The weight's factor rides in the small matrix that sums the copies."""
        factor = gain * (self.factor() if weight is None else 1.0)
        weight = self.base() if weight is None else weight
        if enlarge > 1:
            kernel = _box_filtered(weight.transpose(0, 1), enlarge, factor, flipped=True)
            kernel = _laid_out_as(weight, kernel).to(x.dtype)
            return conv_transpose(x, kernel, bias, enlarge, self.padding)
        kernel = _box_filtered(weight, shrink, factor / shrink**self.sides, flipped=False)
        kernel = _laid_out_as(weight, kernel).to(x.dtype)
        return conv(x, kernel, bias, shrink, self.padding)


def _laid_out_as(weight: Tensor, kernel: Tensor) -> Tensor:
    """The kernel in the weight's memory format, which a convolution takes for its result."""
    return kernel.contiguous(memory_format=format_of(weight))


def _box_filtered(weight: Tensor, size: int, factor: float | Tensor, *, flipped: bool) -> Tensor:
    """factor · Σ over i, j < size of the weight [a, b, h, w] shifted by i, j → [a, b, h + size − 1, …]."""
    sides = weight.shape[2:]
    shifts = {taps: _shifts(taps, size, weight) for taps in sides}
    spread = reduce(torch.kron, [shifts[taps] for taps in sides])
    spread = spread.flip(0) if flipped else spread
    return (weight.flatten(2) @ (spread * factor)).unflatten(2, [taps + size - 1 for taps in sides])


def _shifts(taps: int, size: int, like: Tensor) -> Tensor:
    """[taps, taps + size − 1]: tap i goes to the `size` places from i on.

    Made where the weight is: numbers of the host would make a GPU wait for them.
    """
    return like.new_ones(taps, taps + size - 1).triu_().tril_(size - 1)


class ConvTranspose2d(_Convolution):
    """Transposed convolution. x: [N, in, H, W]. Keys: weight [in, out / groups, kh, kw], bias [out]."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        kernel: Sides = 4,
        stride: Sides = 2,
        padding: Sides = 1,
        output_padding: Sides = 0,
        groups: int = 1,
        bias: bool = True,
        **options: Unpack[WeightOptions],
    ) -> None:
        super().__init__(in_channels, out_channels, kernel, groups, bias, options, transposed=True)
        self.stride, self.padding, self.output_padding = stride, padding, output_padding

    def _normalized(self, weight: Tensor) -> Tensor:
        """An output sees the inputs of its group, which come first."""
        grouped = weight.unflatten(0, (self.groups, -1)).flatten(3)
        return functional.normalize(grouped, dim=(1, 3), eps=self.spectral_eps).view_as(weight)  # type: ignore[arg-type]

    def _numbers_of_one(self) -> int:
        return self.fans.into

    def forward(self, x: Tensor, *, weight: Tensor | None = None, **after: Unpack[Epilogue]) -> Tensor:
        how = self.stride, self.padding, self.output_padding, self.groups
        if is_fused(after):
            used, alpha = scaled_late(x, *self.used(weight))
            y = conv_transpose(x, used.to(x.dtype), None, *how)
            return fused(y, after, alpha=alpha, bias=self.bias, beta=self.lr_multiplier)
        gain = inner_gain(after)
        x, weight = multiply_smaller(x, *self.used(weight, gain))
        bias = self.bias_used(after.get("bias"), gain, x.dtype)
        return finish(conv_transpose(x, weight.to(x.dtype), bias, *how), after)


class Conv1d(Conv2d):
    """Over a length. x: [N, in, T]. Keys: weight [out, in / groups, k], bias [out]."""

    sides = 1


class Conv3d(Conv2d):
    """Over a volume. x: [N, in, D, H, W]. Keys: weight [out, in / groups, kd, kh, kw], bias [out]."""

    sides = 3


class ConvTranspose1d(ConvTranspose2d):
    """Over a length. x: [N, in, T]. Keys: weight [in, out / groups, k], bias [out]."""

    sides = 1


class ConvTranspose3d(ConvTranspose2d):
    """Over a volume. x: [N, in, D, H, W]. Keys: weight [in, out / groups, kd, kh, kw], bias [out]."""

    sides = 3

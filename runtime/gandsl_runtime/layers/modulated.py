"""Modulated convolution, in two forms that compute the same."""

from __future__ import annotations

from typing import Unpack

import torch
from torch import Tensor
from torch.nn import functional

from gandsl_runtime.layers.bias_act import bias_act
from gandsl_runtime.layers.epilogue import Epilogue, finish, fused, inner_gain, is_fused
from gandsl_runtime.layers.initialize import Fans
from gandsl_runtime.layers.strided import Sides, conv, conv_transpose, each
from gandsl_runtime.layers.weight import Weighted, WeightOptions

_TINY = 1e-20  # a weight or style of zeros has no magnitude to divide by


class ModulatedConv2d(Weighted):
    """Convolution whose weight each sample's style scales, and demodulated (StyleGAN2, equations 1 to 3).

    x: [N, in, H, W]; style: [N, in]. Key: weight [out, in, kh, kw], drawn from N(0, 1), whatever `up` is.
    up 1 keeps the size; up 2 is a transposed convolution with stride 2 and no padding, (H − 1)·2 + kh
    high, in which the stored weight stands unflipped.

    form "grouped": one weight for each sample, in one grouped convolution. form "scaled": the shared
    weight, with the input scaled before and the output after. A factor on the whole weight cancels in
    demodulation, but for `eps`.
    """

    auto_init = "normal"

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        kernel: Sides = 3,
        demodulate: bool = True,
        up: int = 1,
        eps: float = 1e-8,
        **options: Unpack[WeightOptions],
    ) -> None:
        height, width = each(kernel)
        area = height * width
        super().__init__(
            (out_channels, in_channels, height, width),
            Fans(in_channels * area, out_channels * area),
            **options,
        )
        self.demodulate, self.up, self.eps = demodulate, up, eps

    def forward(
        self,
        x: Tensor,
        style: Tensor,
        *,
        form: str = "scaled",
        weight: Tensor | None = None,
        **after: Unpack[Epilogue],
    ) -> Tensor:
        weight, factor = self.used(weight)
        gain, bias = 1.0, None
        if not is_fused(after):  # else one operator does all of this behind the convolution
            gain = inner_gain(after)
            bias = self.bias_used(after.get("bias"), gain, x.dtype)
        demodulation = None
        if self.demodulate:
            # Σ(c·w·s)² + ε = c²(Σ(w·s)² + ε/c²), so that a factor c on the weight cancels but for ε
            square = style.square() @ weight.square().sum((2, 3)).T
            demodulation = (square + self.eps / factor**2).rsqrt()
            demodulation = demodulation if gain == 1.0 else demodulation * gain
        elif factor * gain != 1.0:
            style = style * (factor * gain)
        if form == "grouped":
            return self._grouped(x, style, weight, demodulation, bias, after)
        if x.dtype == torch.float16 and demodulation is not None:
            style, weight, demodulation = self._in_range(style, weight, demodulation)
        return self._scaled(x, style, weight, demodulation, bias, after)

    def _scaled(
        self,
        x: Tensor,
        style: Tensor,
        weight: Tensor,
        demodulation: Tensor | None,
        bias: Tensor | None,
        after: Epilogue,
    ) -> Tensor:
        if is_fused(after):
            y = self._convolve(bias_act(x, style), weight.to(x.dtype), None, 1)
            bare = demodulation is None and after.keys() == {"fused"}
            return y if bare else fused(y, after, factor=demodulation)
        x, weight = x * style[:, :, None, None].to(x.dtype), weight.to(x.dtype)
        if demodulation is None:
            return finish(self._convolve(x, weight, bias, 1), after)
        y = self._convolve(x, weight, None, 1)
        demodulation = demodulation[:, :, None, None].to(x.dtype)
        y = y * demodulation if bias is None else bias[:, None, None].addcmul(y, demodulation)
        return finish(y, after)

    def _in_range(self, style: Tensor, weight: Tensor, demodulation: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The three so scaled that no product overflows float16 (arXiv:2006.06676, appendix D).

        Each output channel's weight gets 1/√fan_in for its largest magnitude, each sample's style 1; the
        demodulation takes both factors back, exactly, so that they count as constants in every derivative.
        """
        with torch.no_grad():
            of_channel = weight.abs().amax((1, 2, 3)).clamp_min(_TINY) * self.fans.into**0.5  # [out]
            of_sample = style.abs().amax(1, keepdim=True).clamp_min(_TINY)  # [N, 1]
        demodulation = demodulation * (of_channel * of_sample)
        return style / of_sample, weight / of_channel[:, None, None, None], demodulation

    def _grouped(
        self,
        x: Tensor,
        style: Tensor,
        weight: Tensor,
        demodulation: Tensor | None,
        bias: Tensor | None,
        after: Epilogue,
    ) -> Tensor:
        samples = x.shape[0]
        # one factor for each sample and pair of channels, so that the large weight is passed over once
        factors = style[:, None, :]
        if demodulation is not None:
            factors = factors * demodulation[:, :, None]
        weights = (weight * factors[..., None, None]).flatten(0, 1).to(x.dtype)
        bias = bias.repeat(samples) if bias is not None else None
        y = self._convolve(x.reshape(1, -1, *x.shape[2:]), weights, bias, samples)
        y = y.reshape(samples, -1, *y.shape[2:])
        return fused(y, after) if is_fused(after) else finish(y, after, fresh=False)

    def _convolve(self, x: Tensor, weight: Tensor, bias: Tensor | None, groups: int) -> Tensor:
        """weight: [groups · out, in, kh, kw]."""
        height, width = weight.shape[2:]
        if self.up == 1:
            if not (height % 2 and width % 2):  # an even kernel needs one more pixel to the right and below
                x = functional.pad(x, (0, 1 - width % 2, 0, 1 - height % 2))
            padding = (height - 1) // 2, (width - 1) // 2
            return conv(x, weight, bias, 1, padding, groups=groups)
        # conv_transpose wants [groups · in, out, kh, kw]
        weight = weight.unflatten(0, (groups, -1)).transpose(1, 2).flatten(0, 1)
        return conv_transpose(x, weight, bias, self.up, groups=groups)

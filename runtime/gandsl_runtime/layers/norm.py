"""Normalizations with learned scale and shift."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from gandsl_runtime.distributed import group
from gandsl_runtime.layers.base import Layer


class _Affine(Layer):
    """Holds a learned scale (N(1, init_std)) and shift (0) for each channel, if `affine`.

    Keys: weight [C], bias [C].
    """

    weight: nn.Parameter | None
    bias: nn.Parameter | None

    def __init__(self, channels: int, affine: bool, eps: float, init_std: float = 0.0) -> None:
        super().__init__()
        self.channels, self.eps, self.init_std = channels, eps, init_std
        self.weight = nn.Parameter(torch.empty(channels)) if affine else None
        self.bias = nn.Parameter(torch.empty(channels)) if affine else None

    def initialize(self) -> None:
        if self.weight is not None and self.bias is not None:
            self.weight.normal_(1.0, self.init_std) if self.init_std else self.weight.fill_(1.0)
            self.bias.zero_()


class BatchNorm(_Affine):
    """Normalizes each channel over batch and space; in evaluation, by running statistics.

    x: [N, C] or [N, C, H, W]. rows: with one, further keys running_mean [C], running_var [C]; with more,
    [rows, C] of each, gathered at truncations from 0 to 1 in equal steps (BigGAN-deep, arXiv:1809.11096,
    appendix B). Evaluation reads them at the attribute `truncation`, from 0 to 1; training moves all alike.
    In a step of several processes the batch is that of all of them, unless the attribute `per_process` is
    set. Raises ValueError when training with one value for each channel.
    """

    running = ("running_mean", "running_var")
    running_mean: Tensor
    running_var: Tensor

    def __init__(
        self,
        channels: int,
        *,
        affine: bool = True,
        eps: float = 1e-5,
        momentum: float = 0.1,
        init_std: float = 0.0,
        rows: int = 1,
    ) -> None:
        super().__init__(channels, affine, eps, init_std)
        self.momentum, self.rows, self.truncation = momentum, rows, 1.0
        self.per_process = False
        shape = (channels,) if rows == 1 else (rows, channels)
        self.register_buffer("running_mean", torch.empty(shape))
        self.register_buffer("running_var", torch.empty(shape))
        self.reset()

    def initialize(self) -> None:
        super().initialize()
        self.running_mean.zero_()
        self.running_var.fill_(1.0)

    def forward(self, x: Tensor) -> Tensor:
        if self.rows == 1:
            mean, variance, momentum = self.running_mean, self.running_var, self.momentum
        elif self.training:  # statistics that hold nothing yet become the batch's own
            mean, variance, momentum = *self.running_mean.new_zeros(2, self.running_mean.shape[1]), 1.0
        else:
            mean, variance, momentum = self._at(self.running_mean), self._at(self.running_var), 0.0
        if self.training and not self.per_process and group.active().size > 1:
            y = self._of_all_processes(x, mean, variance, momentum)
        else:
            # torch's second derivative takes powers of the deviation in x's format: too large for float16
            wide = x.float() if x.dtype == torch.float16 else x
            y = functional.batch_norm(
                wide, mean, variance, self.weight, self.bias, self.training, momentum, self.eps
            ).to(x.dtype)
        if self.training and self.rows > 1:
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance, self.momentum)
        return y

    def _of_all_processes(self, x: Tensor, mean: Tensor, variance: Tensor, momentum: float) -> Tensor:
        """What `batch_norm` computes, over the samples of all processes; moves `mean` and `variance`."""
        others, across = group.active(), [0, *range(2, x.dim())]
        kind = x.dtype
        x = x.float() if x.element_size() == 2 else x
        own = x.mean(across), x.var(across, correction=0), x.new_full(x.shape[1:2], x.numel() // x.shape[1])
        means, variances, counts = others.rows(torch.stack(own)).unbind(1)
        total = counts.sum(0)
        center = (means * counts).sum(0) / total
        spread = ((variances + (means - center).square()) * counts).sum(0) / total
        with torch.no_grad():
            mean.lerp_(center, momentum)
            variance.lerp_(spread * (total / (total - 1)), momentum)
        form = (1, -1, *[1] * (x.dim() - 2))
        factor = (spread + self.eps).rsqrt()
        factor = factor if self.weight is None else factor * self.weight
        shift = -center * factor
        shift = shift if self.bias is None else shift + self.bias
        return torch.addcmul(shift.view(form), x, factor.view(form)).to(kind)

    def _at(self, statistics: Tensor) -> Tensor:
        """[C] at the truncation. Between two rows the fraction weighs the *lower* one, as was published.

        The place is the quotient of two floats, as there: 0.58 in steps of 0.02 falls short of row 29.
        """
        fraction, place = math.modf(self.truncation / (1.0 / (self.rows - 1)))
        row = statistics[int(place)]
        return row if fraction == 0 else torch.lerp(statistics[int(place) + 1], row, fraction)


def set_truncation(network: nn.Module, truncation: float) -> bool:
    """Let norms with several rows of statistics read them at a truncation; whether there are any.

    Raises ValueError for a truncation outside [0, 1] where there are.
    """
    norms = [m for m in network.modules() if isinstance(m, BatchNorm) and m.rows > 1]
    if norms and not 0 <= truncation <= 1:
        raise ValueError(f"statistics are kept for truncations from 0 to 1, not {truncation:g}")
    for norm in norms:
        norm.truncation = truncation
    return bool(norms)


class GroupNorm(_Affine):
    """Normalizes groups of channels of each sample, in float32 at least. x: [N, C] or [N, C, H, W]."""

    def __init__(self, channels: int, *, groups: int = 32, affine: bool = True, eps: float = 1e-5) -> None:
        super().__init__(channels, affine, eps)
        self.groups = groups
        self.reset()

    def forward(self, x: Tensor) -> Tensor:
        wide = _safe(x.float() if x.element_size() == 2 else x, self.weight)
        return torch.group_norm(wide, self.groups, self.weight, self.bias, self.eps).to(x.dtype)


def _safe(x: Tensor, weight: Tensor | None) -> Tensor:
    """x as torch.group_norm can take it where only the scale wants a gradient."""
    return _contiguous(x) if torch.is_grad_enabled() and weight is not None and not x.requires_grad else x


def _contiguous(x: Tensor) -> Tensor:
    """x with its pixels last.

    torch (2.13, CPU) ends the process by SIGSEGV in the backward of group_norm where x lies channels-last and
    wants no gradient, but the scale does: the kernel writes to a grad_input that it was not given. To
    reproduce: torch.group_norm(x, 1, scale, shift).sum().backward(), x of 2×2×8×8 channels-last.
    """
    last = x.dim() > 3 and x.stride(1) == 1  # of a single pixel too, which `contiguous` would leave so
    return x.clone(memory_format=torch.contiguous_format) if last else x


class InstanceNorm(GroupNorm):
    """Normalizes each channel of each sample over space. x: [N, C, H, W]."""

    def __init__(self, channels: int, *, affine: bool = False, eps: float = 1e-5) -> None:
        super().__init__(channels, groups=channels, affine=affine, eps=eps)


class LayerNorm(_Affine):
    """Normalizes all of a sample, or each place of it; scale and shift for each channel; in float32 at least.

    x: [N, C, …], or tokens [N, n, C] if the channels come last. over: "sample", "channels" (the channels of
    each pixel), "features" (those of each token); None: features of tokens, else the sample.
    """

    def __init__(
        self,
        channels: int,
        *,
        affine: bool = True,
        eps: float = 1e-5,
        over: str | None = None,
        last: bool = False,
    ) -> None:
        super().__init__(channels, affine, eps)
        self.over, self.last = over, last
        self.whole = over == "sample" or (over is None and not last)
        self.reset()

    def forward(self, x: Tensor) -> Tensor:
        wide = x.float() if x.element_size() == 2 else x
        if self.last and self.whole:
            y = functional.layer_norm(wide, wide.shape[1:], None, None, self.eps)
            if self.weight is not None and self.bias is not None:
                y = torch.addcmul(self.bias, y, self.weight)
        elif self.whole:
            wide = _safe(wide, self.weight)
            y = torch.group_norm(wide, 1, self.weight, self.bias, self.eps)
        else:
            y = wide if self.last else wide.movedim(1, -1)
            y = functional.layer_norm(y, (self.channels,), self.weight, self.bias, self.eps)
            y = y if self.last else y.movedim(-1, 1)
        return y.to(x.dtype)

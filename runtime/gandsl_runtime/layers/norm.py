"""Normalizations with learned scale and shift."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from gandsl_runtime.layers.base import Layer


class _Affine(Layer):
    """Holds a learned scale (N(1, init_std)) and shift (0) for each channel, if `affine`.

    Keys: weight [C], bias [C].
    """

    weight: nn.Parameter | None
    bias: nn.Parameter | None

    def __init__(self, channels: int, affine: bool, eps: float, init_std: float = 0.0) -> None:
        super().__init__()
        self.eps, self.init_std = eps, init_std
        self.weight = nn.Parameter(torch.empty(channels)) if affine else None
        self.bias = nn.Parameter(torch.empty(channels)) if affine else None

    def initialize(self) -> None:
        if self.weight is not None and self.bias is not None:
            self.weight.normal_(1.0, self.init_std) if self.init_std else self.weight.fill_(1.0)
            self.bias.zero_()


class BatchNorm(_Affine):
    """Normalizes each channel over batch and space; in evaluation, by running statistics.

    x: [N, C] or [N, C, H, W]. Further keys: running_mean [C], running_var [C]. Raises ValueError when
    training with one value for each channel.
    """

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
    ) -> None:
        super().__init__(channels, affine, eps, init_std)
        self.momentum = momentum
        self.register_buffer("running_mean", torch.empty(channels))
        self.register_buffer("running_var", torch.empty(channels))
        self.reset()

    def initialize(self) -> None:
        super().initialize()
        self.running_mean.zero_()
        self.running_var.fill_(1.0)

    def forward(self, x: Tensor) -> Tensor:
        return functional.batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training,
            self.momentum,
            self.eps,
        )


class GroupNorm(_Affine):
    """Normalizes groups of channels of each sample. x: [N, C] or [N, C, H, W]."""

    def __init__(self, channels: int, *, groups: int = 32, affine: bool = True, eps: float = 1e-5) -> None:
        super().__init__(channels, affine, eps)
        self.groups = groups
        self.reset()

    def forward(self, x: Tensor) -> Tensor:
        return torch.group_norm(x, self.groups, self.weight, self.bias, self.eps)


class InstanceNorm(GroupNorm):
    """Normalizes each channel of each sample over space. x: [N, C, H, W]."""

    def __init__(self, channels: int, *, affine: bool = False, eps: float = 1e-5) -> None:
        super().__init__(channels, groups=channels, affine=affine, eps=eps)


class LayerNorm(GroupNorm):
    """Normalizes all of a sample; scale and shift for each channel. x: [N, C] or [N, C, H, W]."""

    def __init__(self, channels: int, *, affine: bool = True, eps: float = 1e-5) -> None:
        super().__init__(channels, groups=1, affine=affine, eps=eps)

"""A learned number for each channel, added or multiplied."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gandsl_runtime.layers.base import Layer


def over_space(value: Tensor, x: Tensor, last: bool = False) -> Tensor:
    """A value for each channel, in x's format, so shaped that it stands beside x [N, C, …], or [N, …, C]."""
    value = value.to(x.dtype)
    return value if last or value.dim() == 0 else value.reshape(-1, *[1] * (x.dim() - 2))


class Bias(Layer):
    """x + bias · lr_multiplier. x: [N, C, …], or tokens [N, n, C] if the channels come last.

    Key: bias [C], stored as init / lr_multiplier.
    """

    def __init__(
        self, channels: int, *, init: float = 0.0, lr_multiplier: float = 1.0, last: bool = False
    ) -> None:
        super().__init__()
        self.init, self.lr_multiplier, self.last = init, lr_multiplier, last
        self.bias = nn.Parameter(torch.empty(channels))
        self.reset()

    def initialize(self) -> None:
        self.bias.fill_(self.init / self.lr_multiplier)

    def forward(self, x: Tensor) -> Tensor:
        bias = self.bias if self.lr_multiplier == 1.0 else self.bias * self.lr_multiplier
        return x + over_space(bias, x, self.last)


class Gain(Layer):
    """x · weight. x: [N, C, …], or tokens [N, n, C] if the channels come last.

    Key: weight, [C] if per_channel, else a single number [].
    """

    def __init__(
        self, channels: int, *, init: float = 1.0, per_channel: bool = False, last: bool = False
    ) -> None:
        super().__init__()
        self.init, self.last = init, last
        self.weight = nn.Parameter(torch.empty((channels,) if per_channel else ()))
        self.reset()

    def initialize(self) -> None:
        self.weight.fill_(self.init)

    def forward(self, x: Tensor) -> Tensor:
        return x * over_space(self.weight, x, self.last)

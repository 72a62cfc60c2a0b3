"""Features that come from no input: learned constants, coordinates."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gandsl_runtime.layers.base import Computed, Layer
from gandsl_runtime.layers.initialize import INITS, Fans
from gandsl_runtime.layers.strided import Sides, each


class Constant(Layer):
    """A learned feature, the same for each sample: like [N, …] → [N, C, H, W]. Key: weight [C, H, W].

    size: one number for height and width, or one to three sides. init: normal (N(0, init_std)), ones or
    zeros.
    """

    def __init__(self, channels: int, size: Sides, *, init: str = "normal", init_std: float = 1.0) -> None:
        super().__init__()
        self.init, self.init_std = init, init_std
        self.weight = nn.Parameter(torch.empty(channels, *each(size)))
        self.reset()

    def initialize(self) -> None:
        fill = {
            "normal": lambda: self.weight.normal_(std=self.init_std),
            "ones": lambda: self.weight.fill_(1.0),
            "zeros": self.weight.zero_,
        }
        fill[self.init]()

    def forward(self, like: Tensor) -> Tensor:
        return self.weight.expand(like.shape[0], *self.weight.shape)


class LearnedTensor(Layer):
    """A learned tensor, the same for each sample: like [N, …] → [N, *shape]. Key: weight [*shape].

    init: normal (N(0, init_scale)), uniform (±init_scale), zeros, or ones times init_scale.
    """

    def __init__(self, shape: Sequence[int], *, init: str = "normal", init_scale: float = 1.0) -> None:
        super().__init__()
        self.init, self.init_scale = init, init_scale
        self.weight = nn.Parameter(torch.empty(*shape))
        self.reset()

    def initialize(self) -> None:
        INITS[self.init](self.weight, Fans(1, 1), self.init_scale)

    def forward(self, like: Tensor) -> Tensor:
        return self.weight.expand(like.shape[0], *self.weight.shape)


class Coordinates(Computed):
    """x and y of each pixel's centre, from −1 to 1: like [N, …] → [N, 2, H, W], in the network's dtype.

    A channel for each side, the last side first. No keys.
    """

    grid: Tensor

    def __init__(self, size: Sides) -> None:
        super().__init__()
        self.register_buffer("grid", torch.empty(len(each(size)), *each(size)), persistent=False)
        self.reset()

    def initialize(self) -> None:
        for place, side in enumerate(reversed(self.grid.shape[1:])):
            centres = (torch.arange(side, dtype=torch.float64, device=self.grid.device) * 2 + 1) / side - 1
            self.grid[place] = centres.view(-1, *[1] * place)

    def forward(self, like: Tensor) -> Tensor:
        return self.grid.expand(like.shape[0], *self.grid.shape)

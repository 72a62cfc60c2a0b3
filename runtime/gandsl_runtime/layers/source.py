"""Features that come from no input: learned constants, coordinates."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gandsl_runtime.layers.base import Computed, Layer
from gandsl_runtime.layers.strided import Pair, pair


class Constant(Layer):
    """A learned feature, the same for each sample: like [N, …] → [N, C, H, W]. Key: weight [C, H, W].

    init: normal (N(0, 1)), ones or zeros.
    """

    def __init__(self, channels: int, size: Pair, *, init: str = "normal") -> None:
        super().__init__()
        self.init = init
        self.weight = nn.Parameter(torch.empty(channels, *pair(size)))
        self.reset()

    def initialize(self) -> None:
        fill = {
            "normal": self.weight.normal_,
            "ones": lambda: self.weight.fill_(1.0),
            "zeros": self.weight.zero_,
        }
        fill[self.init]()

    def forward(self, like: Tensor) -> Tensor:
        return self.weight.expand(like.shape[0], -1, -1, -1)


class Coordinates(Computed):
    """x and y of each pixel's centre, from −1 to 1: like [N, …] → [N, 2, H, W], in the network's dtype.

    No keys.
    """

    grid: Tensor

    def __init__(self, size: Pair) -> None:
        super().__init__()
        self.register_buffer("grid", torch.empty(2, *pair(size)), persistent=False)
        self.reset()

    def initialize(self) -> None:
        _, height, width = self.grid.shape
        y, x = (
            (torch.arange(side, dtype=torch.float64, device=self.grid.device) * 2 + 1) / side - 1
            for side in (height, width)
        )
        self.grid[0], self.grid[1] = x, y[:, None]

    def forward(self, like: Tensor) -> Tensor:
        return self.grid.expand(like.shape[0], -1, -1, -1)

"""A learned number for each offset between two pixels of a window."""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor, nn

from gandsl_runtime.layers.base import Layer
from gandsl_runtime.ops.tokens import Sides


class RelativeBias(Layer):
    """What attention in windows adds to its scores: like [N, …] → [N, heads, P, P], P the pixels of a window.

    Key: weight [Π (2·side − 1), heads], one row for each offset of a query from a key (Liu et al. 2021,
    equation 4), offsets along the first side slowest. It starts as N(0, init_std).
    """

    def __init__(self, size: Sides, *, heads: int = 1, init_std: float = 0.02) -> None:
        super().__init__()
        self.size, self.init_std = (size, size) if isinstance(size, int) else size, init_std
        self.weight = nn.Parameter(torch.empty(prod(2 * side - 1 for side in self.size), heads))
        self.reset()

    def initialize(self) -> None:
        self.weight.normal_().mul_(self.init_std)

    def forward(self, like: Tensor) -> Tensor:
        bias = self.weight[self._rows()].permute(2, 0, 1)
        return bias.expand(like.shape[0], *bias.shape)

    def _rows(self) -> Tensor:
        """[P, P]: the row of the weight for each query and key."""
        axes = [torch.arange(side, device=self.weight.device) for side in self.size]
        rows = torch.zeros((), dtype=torch.int64, device=self.weight.device)
        for side, along in zip(self.size, torch.cartesian_prod(*axes).reshape(-1, len(axes)).T, strict=True):
            rows = rows * (2 * side - 1) + along[:, None] - along[None] + side - 1
        return rows

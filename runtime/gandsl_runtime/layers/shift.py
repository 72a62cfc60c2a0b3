"""Features moved by chance."""

from __future__ import annotations

import torch
from torch import Tensor

from gandsl_runtime import rng
from gandsl_runtime.layers.base import Layer


class RandomShift(Layer):
    """In training, moves each sample along each side by a whole number of pixels from −most to most.

    x: [N, C, …], all channels alike. What comes in from outside is reflected (phase shuffle: Donahue et al.
    2019, arXiv:1802.04208, section 3.3).
    """

    def __init__(self, most: int = 2) -> None:
        super().__init__()
        self.most = most

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not self.most:
            return x
        draws, shape = rng.active(x.shape[0]), (x.shape[0], x.dim() - 2)
        drawn = torch.rand(shape, device=x.device) if draws is None else draws.uniform(self.path, *shape)
        steps = (drawn * (2 * self.most + 1)).long().clamp(max=2 * self.most) - self.most
        for side in range(2, x.dim()):
            last = x.shape[side] - 1
            at = torch.arange(last + 1, device=x.device) - steps[:, side - 2, None]
            at = last - (last - at.abs()).abs()
            form = [len(x), *(-1 if one == side else 1 for one in range(1, x.dim()))]
            x = x.gather(side, at.view(form).expand_as(x))
        return x

"""Features brought to magnitude 1 by a running mean."""

from __future__ import annotations

import torch
from torch import Tensor

from gandsl_runtime.distributed import group
from gandsl_runtime.layers.base import Layer


class NormalizeMagnitude(Layer):
    """x / √magnitude: [N, C, H, W] → the same; the magnitude counts as a constant (StyleGAN3, section 3.2).

    Buffer: magnitude [], in training magnitude ← β·magnitude + (1 − β)·(mean of x² over all of it).
    """

    running = ("magnitude",)
    magnitude: Tensor

    def __init__(self, *, beta: float = 0.999) -> None:
        super().__init__()
        self.beta = beta
        self.register_buffer("magnitude", torch.empty(()))
        self.reset()

    def initialize(self) -> None:
        self.magnitude.fill_(1.0)

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            with torch.no_grad():
                mean = group.active().average(x.float().square().mean(), len(x))  # of all processes
                self.magnitude.lerp_(mean.to(self.magnitude.dtype), 1.0 - self.beta)
        return x * self.magnitude.rsqrt().to(x.dtype)

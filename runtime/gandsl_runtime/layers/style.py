"""The running average of a vector."""

from __future__ import annotations

import torch
from torch import Tensor

from gandsl_runtime.distributed import group
from gandsl_runtime.layers.base import Layer


class TrackAverage(Layer):
    """Passes x [N, features] on; in training, average ← β·average + (1 − β)·(mean of x over the batch).

    Buffer: average [features], the centre that truncation draws towards (StyleGAN, appendix B).
    """

    running = ("average",)
    average: Tensor

    def __init__(self, features: int, *, beta: float = 0.995) -> None:
        super().__init__()
        self.beta = beta
        self.register_buffer("average", torch.empty(features))
        self.reset()

    def initialize(self) -> None:
        self.average.zero_()

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            with torch.no_grad():
                mean = group.active().average(x.mean(0), len(x))  # of all processes
                self.average.lerp_(mean.to(self.average.dtype), 1.0 - self.beta)
        return x

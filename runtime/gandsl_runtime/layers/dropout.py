"""Dropout."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from gandsl_runtime import rng
from gandsl_runtime.layers.base import Layer


class Dropout(Layer):
    """In training, sets each number to zero with probability p and multiplies the others by 1 / (1 − p)."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        draws = rng.active(x.shape[0])
        if not self.training or draws is None:
            return functional.dropout(x, self.p, self.training)
        kept = x * (draws.uniform(self.path, *x.shape) >= self.p)
        return kept / (1 - self.p) if self.p < 1 else kept

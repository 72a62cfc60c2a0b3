"""The border of a region that is computed in 16 bits."""

from __future__ import annotations

import torch
from torch import Tensor

from gandsl_runtime.layers.base import Layer


class Cast(Layer):
    """x in another format, float32, bfloat16 or float16, while `active`; as it is while not. No keys.

    Layers follow the format of their features: weights stay float32 and are cast on each call, vectors such
    as styles are taken as they come, statistics are computed in float32.
    """

    def __init__(self, dtype: str) -> None:
        super().__init__()
        self.dtype: torch.dtype = getattr(torch, dtype)
        self.active = False

    def forward(self, x: Tensor) -> Tensor:
        return x.to(self.dtype) if self.active else x

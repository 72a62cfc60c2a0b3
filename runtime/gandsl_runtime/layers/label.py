"""Vectors for class labels.

y: int64 [N], from 0 to classes − 1; or mixtures of classes, floats [N, classes] whose rows sum to 1: what is
read then is the mixture of the classes' vectors, as interpolation between classes needs it.
"""

from __future__ import annotations

from typing import Unpack

import torch
from torch import Tensor
from torch.nn import functional

from gandsl_runtime.layers.base import Layer
from gandsl_runtime.layers.initialize import Fans
from gandsl_runtime.layers.weight import Weighted, WeightOptions


class Embedding(Weighted):
    """A learned vector for each class: y [N] → [N, features].

    Key: weight [classes, features], drawn from N(0, 1).

    fan_in is the number of classes, as if a linear layer read the label's one-hot vector.
    """

    auto_init = "normal"

    def __init__(self, classes: int, features: int, **options: Unpack[WeightOptions]) -> None:
        super().__init__((classes, features), Fans(classes, features), **options)

    def forward(self, y: Tensor, *, weight: Tensor | None = None) -> Tensor:
        if weight is not None:
            return _read(y, weight)
        factor = self.factor()
        rows = _read(y, self.base())
        return rows if isinstance(factor, float) and factor == 1.0 else rows * factor


class OneHot(Layer):
    """Zeros and a one: y [N] → [N, classes], of a map [N, h, w] → [N, classes, h, w], in the network's dtype.

    A mixture, [N, classes], stays as it is. No keys.
    """

    dtype_of: Tensor

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.register_buffer("dtype_of", torch.empty(0), persistent=False)

    def forward(self, y: Tensor) -> Tensor:
        rows = y if y.is_floating_point() else functional.one_hot(y, self.classes)
        if y.dim() > 2:
            rows = rows.movedim(-1, 1)
        return rows.to(self.dtype_of.dtype)


def _read(y: Tensor, table: Tensor) -> Tensor:
    """Rows of [classes, features], or mixtures of rows."""
    return y.to(table.dtype) @ table if y.is_floating_point() else functional.embedding(y, table)

"""Fully connected layer."""

from __future__ import annotations

from typing import Unpack

import torch
from torch import Tensor

from gandsl_runtime.layers.epilogue import Epilogue, finish, fused, inner_gain, is_fused
from gandsl_runtime.layers.initialize import Fans
from gandsl_runtime.layers.weight import Weighted, WeightOptions, scaled_late


class Linear(Weighted):
    """x·Wᵀ + b. x: [N, in_features], or tokens [N, positions, in_features].

    Keys: weight [out, in], bias [out].

    The factor of an equalized weight rides in the matrix product and costs nothing.
    """

    def __init__(
        self, in_features: int, out_features: int, *, bias: bool = True, **options: Unpack[WeightOptions]
    ) -> None:
        super().__init__(
            (out_features, in_features),
            Fans(in_features, out_features),
            out_features if bias else 0,
            **options,
        )

    def forward(self, x: Tensor, *, weight: Tensor | None = None, **after: Unpack[Epilogue]) -> Tensor:
        if is_fused(after):
            used, alpha = scaled_late(x, *self.used(weight))
            y = x.flatten(0, -2) @ used.to(x.dtype).T
            y = fused(y, after, alpha=alpha, bias=self.bias, beta=self.lr_multiplier)
            return y if x.dim() == 2 else y.unflatten(0, x.shape[:-1])
        gain = inner_gain(after)
        weight, factor = self.used(weight, gain)
        weight, bias = weight.to(x.dtype), self.bias_used(after.get("bias"), 1.0, x.dtype)
        rows = x.flatten(0, -2)
        if bias is None:
            y = rows @ weight.T
            y = y.mul_(factor) if factor != 1.0 else y
        else:
            y = torch.addmm(bias, rows, weight.T, beta=gain, alpha=factor)
        if x.dim() == 2:
            return finish(y, after)
        return finish(y, after).unflatten(0, x.shape[:-1])

"""A parametrized weight, computed once for as long as it does not change."""

from __future__ import annotations

import torch
from torch import Tensor

from gandsl_runtime.layers.base import Layer
from gandsl_runtime.layers.weight import Weighted


class Folded(Layer):
    """The weight of another layer times its factor.

    It holds no state of its own: keys and saved weights stay as they are.

    The product is kept between calls and made anew when the weight (or a power iteration's vectors) was
    written to, loaded, cast or moved, so that it is never stale. It is not kept where a gradient may flow
    to the weight, in training mode, or inside torch.compile. (Only writes through `.data` go unseen.)
    """

    def __init__(self, layer: Weighted) -> None:
        super().__init__()
        self._layer = (layer,)  # in a tuple, so that its parameters do not appear here
        self._kept: tuple[tuple[object, ...], Tensor] | None = None

    def forward(self) -> Tensor:
        (layer,) = self._layer
        tracked = torch.is_grad_enabled() and layer.weight.requires_grad
        if layer.training or tracked or torch.compiler.is_compiling():
            return layer.weight * layer.factor()
        key = tuple(
            (id(source), source._version, source.data_ptr(), source.dtype, source.device)
            for source in (layer.weight, *layer.buffers(recurse=False))
        )
        if self._kept is None or self._kept[0] != key:
            self._kept = key, (layer.weight * layer.factor()).detach()
        return self._kept[1]

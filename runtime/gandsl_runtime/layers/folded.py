"""A parametrized weight, computed once for as long as it does not change."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from gandsl_runtime.layers.base import Layer
from gandsl_runtime.layers.weight import Weighted


class _Seen(NamedTuple):
    """A source as it was. Holding `values` keeps its memory from being given to another tensor."""

    source: Tensor
    values: Tensor
    version: int

    def changed(self, source: Tensor) -> bool:
        values = self.values
        return (
            source is not self.source
            or source._version != self.version
            or source.data_ptr() != values.data_ptr()
            or source.dtype != values.dtype
        )


class Folded(Layer):
    """The weight of another layer times its factor. It holds no state: keys and saved weights stay.

    The product is kept between calls and made anew when the weight (or a power iteration's vectors) was
    written to, loaded, cast or moved, so that it is never stale. It is not kept where a gradient may flow
    to the weight, in training mode, or inside torch.compile. (Only writes through `.data` go unseen.)
    """

    def __init__(self, layer: Weighted) -> None:
        super().__init__()
        self._layer = (layer,)  # in a tuple, so that its parameters do not appear here
        self._seen: list[_Seen] = []
        self._kept: Tensor | None = None

    @property
    def shape(self) -> torch.Size:
        """Of the weight."""
        return self._layer[0].weight.shape

    def extra_repr(self) -> str:
        """The shape."""
        return f"weight {list(self.shape)}"

    def forward(self) -> Tensor:
        (layer,) = self._layer
        tracked = torch.is_grad_enabled() and layer.weight.requires_grad
        if layer.training or tracked or torch.compiler.is_compiling():
            return layer.base() * layer.factor()
        sources = [layer.weight, *layer.buffers(recurse=False)]
        if self._kept is None or any(map(_Seen.changed, self._seen, sources)):
            self._seen = [_Seen(source, source.detach(), source._version) for source in sources]
            self._kept = (layer.base() * layer.factor()).detach()
        return self._kept

"""Running statistics of a batch that is done in parts: they move as if it were done at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

from ..layers import Layer
from ..rng import Part

T = TypeVar("T")


def running(*networks: nn.Module) -> list[Tensor]:
    """The buffers of layers that move with each call in training."""
    layers = {module for network in networks for module in network.modules() if isinstance(module, Layer)}
    return [
        buffer
        for layer in layers
        for name in layer.running
        if (buffer := getattr(layer, name, None)) is not None
    ]


def together(parts: Sequence[tuple[Part, T]], moving: Sequence[Tensor]) -> Iterator[tuple[Part, T]]:
    """The parts of a batch, each with what belongs to it; all of them together move `moving` once.

    Every part begins where the batch did, and the results are averaged by the number of their samples. A
    running mean moves linearly with what it is given, so this is where the whole batch would have brought it,
    in any number of calls; a power iteration sees weights alone, and gives the same in each part.
    """
    if len(parts) < 2:
        yield from parts
        return
    before, arrived, done = [tensor.clone() for tensor in moving], list[Tensor](), 0
    for part, given in parts:
        if done:
            _copy(moving, before)
        yield part, given
        done += part.count
        if arrived:
            torch._foreach_lerp_(arrived, list(moving), part.count / done)
        else:
            arrived = [tensor.clone() for tensor in moving]
    _copy(moving, arrived)


def _copy(to: Sequence[Tensor], what: Sequence[Tensor]) -> None:
    if to:
        torch._foreach_copy_(list(to), list(what))

"""What all layers share: state that can be built without memory and drawn later."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Self

import torch
from torch import Tensor, nn


class Layer(nn.Module):
    """A primitive with state, or with chance.

    `reset()` fills parameters and buffers; constructors call it last. On the meta device it does nothing, so
    that a network of any size is built in no time and given memory later by `materialize`.
    `running` names the buffers that a call in training moves.
    """

    running: ClassVar[tuple[str, ...]] = ()

    def reset(self) -> None:
        """Draw or compute every parameter and buffer."""
        if not any(
            tensor.is_meta for tensor in (*self.parameters(recurse=False), *self.buffers(recurse=False))
        ):
            with torch.no_grad():
                self.initialize()

    def initialize(self) -> None:
        """Write the initial values in place. Layers with state define it."""


class Computed(Layer):
    """A layer whose buffers follow from its arguments: computed anew, in full precision, where it moves."""

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        super()._apply(fn, recurse)
        self.reset()
        return self


def materialize(
    network: nn.Module,
    device: torch.device | str = "cpu",
    seed: int | None = None,
    *,
    draw: bool = True,
) -> nn.Module:
    """Give a network that was built on the meta device its memory and its initial state, and return it.

    With a seed the draw is reproducible and leaves torch's default generators as they were. Without `draw`
    its parameters and buffers hold anything, until a state_dict is loaded; only constants (filters, grids)
    are there.
    """
    network.to_empty(device=device)
    device = torch.device(device)
    cuda = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=cuda, enabled=seed is not None):
        if seed is not None:
            torch.manual_seed(seed)
        for module in network.modules():
            if isinstance(module, Layer) and draw:
                module.reset()
    return network

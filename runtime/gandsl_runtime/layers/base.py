"""What all layers share: state that can be built without memory and drawn later."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import ClassVar, Self

import torch
from torch import Tensor, nn

ONLY_AT_FIRST = ("init", "init_scale", "init_std", "bias_init")  # arguments that say how weights begin


class Layer(nn.Module):
    """A primitive with state, or one that draws random numbers.

    `reset()` fills parameters and buffers; constructors call it last. On the meta device it does nothing, so
    that a network of any size is built in no time and given memory later by `materialize`.
    `running` names the buffers that a call in training moves. `path`: as `rng.name_layers` says.
    """

    running: ClassVar[tuple[str, ...]] = ()
    path = ""  # in its network: what it draws in training goes by it

    def reset(self) -> None:
        """Draw or compute every parameter and buffer."""
        if not any(
            tensor.is_meta for tensor in (*self.parameters(recurse=False), *self.buffers(recurse=False))
        ):
            with torch.no_grad():
                self.initialize()

    def initialize(self) -> None:
        """Write the initial values in place. Layers with state define it."""

    def extra_repr(self) -> str:
        """The shapes of its tensors and its arguments beside the defaults; of one without tensors, all."""
        tensors = {**self._parameters, **self._buffers}
        shapes = [f"{name} {list(x.shape)}" for name, x in tensors.items() if x is not None and x.numel()]
        return ", ".join([*shapes, *self._arguments(every=not shapes)])

    def _arguments(self, every: bool) -> Iterator[str]:
        """Those of the constructor that the layer keeps under their names; counts are told by shapes."""
        for name, parameter in inspect.signature(type(self)).parameters.items():
            value = vars(self).get(name)
            if name in ONLY_AT_FIRST or value is None or isinstance(value, Tensor):
                continue
            told = isinstance(value, int) and parameter.default is parameter.empty
            if every or not (told or value == parameter.default):
                yield f"{name}={value}"


class Computed(Layer):
    """A layer whose buffers follow from its arguments: they are computed again, in full precision, when it is
    moved or cast.
    """

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

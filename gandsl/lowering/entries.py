"""A generator's `mapping` and `synthesis`: folders of its layers, and programs to be called."""

from __future__ import annotations

from typing import Any

from torch import nn

from gandsl.ir.split import ENTRIES
from gandsl_runtime.network import Network


class EntryModule(nn.Module):
    """The layers whose ids begin so, if any; a call runs the network's program of that name."""

    def __init__(self, network: Network, name: str, layers: dict[str, nn.Module | None]) -> None:
        super().__init__()
        self._modules = layers
        self._of = (network, name)  # in a tuple, so that it is no submodule
        self.training = network.training

    def forward(self, *inputs: Any, **named: Any) -> Any:
        """As `Network.program` says; raises ArgumentError for tensors that it does not take."""
        network, entry = self._of
        return network.call(entry, inputs, named)

    def extra_repr(self) -> str:
        return "" if self._modules else f"the network's {self._of[1]}"


def callable_entries(network: Network) -> None:
    """Where there is a style space, put an EntryModule at each of these names that is no layer's own."""
    if not network.has_styles:
        return
    for name in ENTRIES[1:]:
        standing = network._modules.get(name)
        if standing is None or type(standing) in (nn.Module, EntryModule):
            layers = {} if standing is None else standing._modules
            network._modules[name] = EntryModule(network, name, layers)

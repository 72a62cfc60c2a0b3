"""What a compiled network is to everything that runs it: typed ports, programs over shared layers, levels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from torch import nn

from .calling import checked, device_of, signature
from .errors import SamplingError
from .port import Port
from .weights_file import Compute, WeightsFile

__all__ = ["Network", "Port"]


class Network(nn.Module):
    """The layers of one network, shared by all its programs; state_dict keys are the spec's node ids."""

    inputs: tuple[Port, ...] = ()  # of the full program, in call order: z[, y] or image…[, y]
    outputs: tuple[Port, ...] = ()
    levels: tuple[tuple[int, ...], ...] = ()  # (h, w) of each level of a grown family, smallest first
    recomputed: tuple[str, ...] = ()  # ids of stages that the plan wants recomputed
    moved: Mapping[str, str] = MappingProxyType(
        {}
    )  # ids that were → ids that are: saved weights may have the old
    has_styles: bool = False  # has the entries "mapping" and "synthesis"
    _starts_from: WeightsFile | None = None  # a file whose weights it has yet to be given
    _precision: Compute | None = None  # what it is computed in while training; None: as the plan says

    def program(
        self, entry: str = "forward", level: int | None = None, fading: bool = False
    ) -> Callable[..., Any]:
        """The program of one entry and level (None: the last); alpha is its last argument while fading.

        Entries: "forward" (inputs → outputs) and, where `has_styles`, "mapping" (z[, y] → ws [N, L, n])
        and "synthesis" (ws → outputs). A program returns a tensor where the network has one output, else a
        tuple in the order of `outputs`. All read the same layers; some may get no gradient at a level.
        """
        raise NotImplementedError(f"{type(self).__name__} has no program {entry!r}")

    def _part(
        self, outputs: tuple[str, ...], entry: str = "forward", level: int | None = None, fading: bool = False
    ) -> Callable[..., Any]:
        """What of a program makes some of its outputs: a function of the inputs that these read, in order."""
        raise NotImplementedError(f"{type(self).__name__} has no parts of its programs")

    def forward(self, *inputs: Any, **named: Any) -> Any:
        """Run the full program at the last level. Raises ArgumentError for tensors that it does not take."""
        return self.call("forward", inputs, named)

    def call(self, entry: str, given: Sequence[Any], named: Mapping[str, Any]) -> Any:
        """Run the program of an entry at the last level, on tensors in call order or by their inputs' names.

        Raises ArgumentError where they are not what it takes, SamplingError where there is no such entry.
        """
        if entry != "forward":
            self.need_styles(entry)
        ports = self._ports(entry)
        if ports is None:
            return self.program(entry)(*given, **named)
        return self.program(entry)(*checked(ports, given, named, next(self.parameters(), None)))

    def need_styles(self, what: str) -> None:
        """Raise SamplingError where there is no style space."""
        if not self.has_styles:
            raise SamplingError(
                f"{what} works on a style space, and this generator has none",
                "its spec names one with `styles:` (a mapping network whose output feeds each layer)",
            )

    def _ports(self, entry: str) -> tuple[Port, ...] | None:
        """The inputs of an entry in call order; None where they are not known."""
        return None if entry == "synthesis" else self.inputs

    def get_submodule(self, target: str) -> nn.Module:
        """A layer by its id, also one named as an attribute of this network. Raises AttributeError."""
        first, dot, rest = target.partition(".")
        child = self._modules.get(first)
        if child is None:
            return super().get_submodule(target)
        return child.get_submodule(rest) if dot else child

    def __repr__(self) -> str:
        """One line; `print` shows the layers."""
        weights = sum(p.numel() for p in self.parameters())
        dtypes = sorted({str(p.dtype).removeprefix("torch.") for p in self.parameters()})
        where = f"{weights:,} {' and '.join(dtypes)} parameters on {device_of(self)}"
        return f"{self._get_name()}({signature(self.inputs, self.outputs)}; {where})"

    def __str__(self) -> str:
        """The tree of layers."""
        return super().__repr__()

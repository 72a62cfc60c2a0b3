"""What a compiled network is to everything that runs it: typed ports, programs over shared layers, levels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from torch import nn

from .calling import called, device_of, signature


@dataclass(frozen=True)
class Port:
    """One input or output of a network.

    `shape` leaves out the batch: Latent (n,), Image (c, h, w), Label (k,) for k classes, whose
    tensor is int64 (N,), and Scalar () which is a 0-d float tensor without a batch (the fade's alpha).
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    distribution: str | None = None  # of a Latent: normal | uniform | truncated_normal


class Network(nn.Module):
    """The layers of one network, shared by all its programs; state_dict keys are the spec's node ids."""

    inputs: tuple[Port, ...] = ()  # of the full program, in call order: z[, y] or image…[, y]
    outputs: tuple[Port, ...] = ()
    levels: tuple[tuple[int, int], ...] = ()  # (h, w) of each level of a grown family, smallest first
    checkpointed: tuple[str, ...] = ()  # ids of stages that the plan wants checkpointed
    moved: Mapping[str, str] = MappingProxyType(
        {}
    )  # ids that were → ids that are: saved weights may have the old
    has_styles: bool = False  # has the entries "mapping" and "synthesis"

    def program(
        self, entry: str = "forward", level: int | None = None, fading: bool = False
    ) -> Callable[..., Any]:
        """The program of one entry and level (None: the last); alpha is its last argument while fading.

        Entries: "forward" (inputs → outputs) and, where `has_styles`, "mapping" (z[, y] → ws [N, L, n])
        and "synthesis" (ws → outputs). A program returns a tensor where the network has one output, else a
        tuple in the order of `outputs`. All read the same layers; some may get no gradient at a level.
        """
        raise NotImplementedError(f"{type(self).__name__} has no program {entry!r}")

    def forward(self, *inputs: Any, **named: Any) -> Any:
        """Run the full program at the last level. Raises ArgumentError for tensors that it does not take."""
        return called(self, "forward", inputs, named)

    def _ports(self, entry: str) -> tuple[Port, ...] | None:
        """The inputs of an entry in call order; None where they are not known."""
        return None if entry == "synthesis" else self.inputs

    def __repr__(self) -> str:
        """One line; `print` shows the layers."""
        weights = sum(p.numel() for p in self.parameters())
        dtypes = sorted({str(p.dtype).removeprefix("torch.") for p in self.parameters()})
        where = f"{weights:,} {' and '.join(dtypes)} parameters on {device_of(self)}"
        return f"{self._get_name()}({signature(self.inputs, self.outputs)}; {where})"

    def __str__(self) -> str:
        """The tree of layers."""
        return super().__repr__()

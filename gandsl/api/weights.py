"""The weights of a loaded program: which part of a file each network takes, and where a run was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gandsl.lowering.network import LoweredNetwork
from gandsl_runtime.layers import materialize
from gandsl_runtime.plan import Plan, schedule
from gandsl_runtime.runs.checkpoint import absent, put_weights
from gandsl_runtime.runs.tensors import average_name


@dataclass(frozen=True)
class Weights:
    """Tensors by `<part>/<key>`, until a network takes them."""

    path: str  # of the file
    tensors: dict[str, Tensor]
    parts: tuple[str, ...]  # that there were at first
    averaged: bool  # whether networks take the averages of their weights, where there are any
    clock: schedule.Clock | None = None  # where a run was
    device: str = "cpu"

    def __str__(self) -> str:
        return f"{self.path} ({'average' if self.averaged else 'generator'})"

    def drop_others(self, networks: Iterable[str]) -> None:
        """Forget the tensors that none of these networks takes."""
        taken = {self._part(name) for name in networks}
        for key in [key for key in self.tensors if key.partition("/")[0] not in taken]:
            del self.tensors[key]

    def has(self, name: str) -> bool:
        """Whether there are weights of a network."""
        return self._part(name) in self.parts

    def into(self, name: str, make: Callable[[str], LoweredNetwork]) -> LoweredNetwork:
        """The network that `make` makes, with its weights, on the device, in evaluation mode.

        Nothing is drawn at random for weights that are overwritten. Raises CheckpointError.
        """
        part = self._part(name)
        if part not in self.parts:
            raise absent(part, self.parts, self.path)
        with torch.device("meta"):
            network = make(name)
        materialize(network, draw=False)
        put_weights(network, self.tensors, part, self.path)
        for key in [key for key in self.tensors if key.startswith(f"{part}/")]:
            del self.tensors[key]
        return network.to(self.device).eval()

    def stage(self, levels: Sequence[schedule.Size], plan: Plan | None) -> schedule.Stage | None:
        """Where in its growth the run was. None where it does not grow, or the file does not say."""
        if plan is None or plan.growth is None or self.clock is None:
            return None
        return schedule.step(plan, levels, self.clock).stage

    def _part(self, name: str) -> str:
        average = average_name(name)
        return average if self.averaged and average in self.parts else name

"""Calls of networks within a pass: by whose draws, in which mode, and what of their state stays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from torch import Tensor, nn

from ..network import Network
from ..plan.schedule import Stage
from ..recompute import Moment
from ..rng import CallDraws, Draws, drawing

_active: list[Draws] = []


@contextmanager
def taking(draws: Draws) -> Iterator[None]:
    """Inside the block a pass is computed, and all that it draws for itself is of these."""
    _active.append(draws)
    try:
        yield
    finally:
        _active.pop()


def draws() -> Draws:
    """The draws of the pass that is computed now."""
    return _active[-1]


class NetworkCall(nn.Module):
    """One call of a network: an entry's program at a stage, whose layers draw by the call's id.

    It takes the program's arguments and gives a tuple. `outputs`: the names of those wanted, in order; None:
    all. `holds`: paths of layers whose state stays as it is. `training`: the mode, where it is not the
    network's own. `draws`: id of the call whose layers' draws it takes.
    """

    def __init__(
        self,
        network: Network,
        entry: str,
        stage: Stage,
        draws: str,
        *,
        outputs: tuple[str, ...] | None = None,
        holds: Sequence[str] = (),
        training: bool | None = None,
    ) -> None:
        super().__init__()
        self._networks = (network,)  # in a tuple: no submodule, since the pass does not own it
        self.entry, self.stage, self.outputs, self.mode, self.draws = entry, stage, outputs, training, draws
        self._held = [network.get_submodule(path) for path in holds]

    def forward(self, *given: Any) -> tuple[Tensor, ...]:
        """The outputs wanted."""
        (network,) = self._networks
        how: dict[str, Any] = {} if self.outputs is None else {"outputs": self.outputs}
        program = network.program(self.entry, self.stage.level, self.stage.fading, **how)
        held = Moment(self._held) if self._held else nullcontext()
        with drawing(CallDraws(draws(), self.draws)), in_mode(network, self.mode), held:
            found = program(*given)
        return found if isinstance(found, tuple) else (found,)


@contextmanager
def in_mode(network: Network, training: bool | None) -> Iterator[None]:
    """Inside the block all layers are in training or in evaluation mode; None changes nothing."""
    layers = [] if training is None else [m for m in network.modules() if m.training != training]
    for layer in layers:
        layer.training = not layer.training
    try:
        yield
    finally:
        for layer in layers:
            layer.training = not layer.training

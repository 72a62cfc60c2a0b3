"""Calls of networks within a pass: by whose draws, in which mode, and what of their state stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from .. import plan as plans
from ..augment import Augment
from ..network import Network
from ..plan.schedule import Stage
from ..recompute import Moment
from ..rng import CallDraws, PartDraws, drawing
from ..training.spectrum import weights_of

_active: list[PartDraws] = []
_handed: PartDraws | None = None  # set, then read, within a compiled pass: so its graph depends on no state


def hand(draws: PartDraws | None) -> None:
    """From here on a pass takes these, whatever is active; None: it draws again."""
    global _handed  # a list would be read before it is written to, and a graph depend on what was there
    _handed = draws


@contextmanager
def taking(draws: PartDraws) -> Iterator[None]:
    """Inside the block a pass is computed, and all that it draws for itself is of these."""
    _active.append(draws)
    try:
        yield
    finally:
        _active.pop()


def draws() -> PartDraws:
    """The draws of the pass that is computed now."""
    return _active[-1] if _handed is None else _handed


class NetworkCall(nn.Module):
    """One call of a network: an entry's program at a stage, whose layers draw by the call's id.

    It takes the program's arguments and gives a tuple. The network is looked up by name when it is called.
    `outputs`: the names of those wanted, in order, and then it takes what these read; None: all of both.
    `holds`: paths of layers whose state stays as it is. `training`: the mode, where it is not the network's
    own. `draws`: id of the call whose layers' draws it takes.
    """

    def __init__(
        self,
        networks: Mapping[str, Network],
        name: str,
        entry: str,
        stage: Stage,
        draws: str,
        *,
        outputs: tuple[str, ...] | None = None,
        holds: Sequence[str] = (),
        training: bool | None = None,
    ) -> None:
        super().__init__()
        self.networks, self.name, self.entry, self.stage = networks, name, entry, stage
        self.outputs, self.mode, self.draws, self.holds = outputs, training, draws, tuple(holds)
        self._found: tuple[Callable[..., Any], list[nn.Module]] | None = None  # program, layers held

    def forward(self, *given: Any) -> tuple[Tensor, ...]:
        """The outputs wanted."""
        network = self.networks[self.name]
        if not torch.compiler.is_compiling():  # a compiler finds what the eager pass before it found
            moment = self.entry, self.stage.level, self.stage.fading
            wanted = self.outputs
            program = network.program(*moment) if wanted is None else network._part(wanted, *moment)
            if self._found is None or program is not self._found[0]:
                self._found = program, [network.get_submodule(path) for path in self.holds]
        assert self._found is not None
        program, layers = self._found
        held = Moment(layers) if layers else nullcontext()
        mode = nullcontext() if self.mode is None else in_mode(network, self.mode)
        with drawing(CallDraws(draws(), self.draws)), mode, held:
            found = program(*given)
        return found if isinstance(found, tuple) else (found,)

    def extra_repr(self) -> str:
        return f"{self.name}.{self.entry}, draws={self.draws}"


@contextmanager
def in_mode(network: Network, training: bool) -> Iterator[None]:
    """Inside the block all layers are in training or in evaluation mode."""
    layers = [layer for layer in network.modules() if layer.training != training]
    for layer in layers:
        layer.training = not layer.training
    try:
        yield
    finally:
        for layer in layers:
            layer.training = not layer.training


def matrices(network: nn.Module, path: str, skip: Sequence[str]) -> dict[str, Tensor]:
    """Weights of two dimensions or more, at and below a path, less what is skipped; trained or not."""
    left_out = tuple(f"{id_}." for id_ in skip)
    return {
        name: weight
        for name, weight in network.named_parameters()
        if weight.ndim > 1
        and f"{name}.".startswith(f"{path}." if path else "")
        and not name.startswith(left_out)
    }


@contextmanager
def differentiated_by(
    networks: Mapping[str, Network], by: Sequence[tuple[str, str, Sequence[str]]]
) -> Iterator[None]:
    """Inside the block these weights need a gradient, whoever trains them."""
    weights = [w for name, path, skip in by for w in matrices(networks[name], path, skip).values()]
    constant = [weight for weight in weights if not weight.requires_grad]
    for weight in constant:
        weight.requires_grad_(True)
    try:
        yield
    finally:
        for weight in constant:
            weight.requires_grad_(False)


class NetworkWeights(nn.Module):
    """What a network learns of two dimensions or more, at and below a path, less what is skipped."""

    def __init__(self, networks: Mapping[str, Network], name: str, path: str, skip: tuple[str, ...]) -> None:
        super().__init__()
        self.networks, self.name, self.path, self.skip = networks, name, path, skip

    def forward(self) -> tuple[Tensor, ...]:
        """The weights, in the order of the network."""
        found = weights_of(self.networks[self.name], self.skip)
        below = f"{self.path}."
        return tuple(
            w for name, w in found.items() if not self.path or name == self.path or name.startswith(below)
        )


class Augmented(nn.Module):
    """Transforms of images, each by chance, with the draws of an id; those of one image are one's."""

    def __init__(
        self,
        pipe: Any,
        chance: float,
        data_range: tuple[float, float],
        id_: str,
        kinds: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        self.augment = Augment(plans.Augment(pipe=pipe, p=chance), data_range)
        self.chance, self.id, self.kinds = chance, id_, kinds

    def forward(self, images: Sequence[Tensor], p: Tensor | None = None) -> tuple[Tensor, ...]:
        """[n, c, h, w] each, Classes [n, h, w]; p []: in place of the chance."""
        return self.augment.view(self.chance if p is None else p, draws())(tuple(images), self.id, self.kinds)

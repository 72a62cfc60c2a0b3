"""What the executor runs: a game's passes as functions of tensors, with all that they take from outside.

`gandsl.lowering` makes these of a game's graphs, and a generated `game.py` has them as source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

from torch import Tensor

from ..network import Network
from ..plan.game import GamePlan, PassPlan, PhasePlan
from ..plan.number import Number
from ..plan.schedule import Stage

Per = Literal["sample", "micro_batch", "batch"]


@dataclass(frozen=True)
class Item:
    """A field of the data's items, for the samples of a micro-batch: images of full size, labels, …"""

    id: str
    field: str
    kind: str = "Image"


@dataclass(frozen=True)
class Drawn:
    """Random numbers [n, *shape]. `id` is in their key; `distribution` is of them all.

    `uniform` lies in [low, high); `integers` in low … high, both included; `labels` are classes below
    `high`, by their shares in the data or in `numbers`, or alike where `even`. `numbers` are those of the
    distribution (`gandsl_runtime.distribution`); none: its defaults. What is drawn once per micro-batch or
    batch is the same for all its samples; a Scalar has no axis for them.
    """

    id: str
    shape: tuple[int, ...]
    distribution: str
    low: float = 0.0
    high: float = 1.0
    per: Per = "sample"
    scalar: bool = False
    even: bool = False
    numbers: tuple[float, ...] = ()


@dataclass(frozen=True)
class StateValue:
    """A state [] as it stood when the micro-batch began."""

    id: str


@dataclass(frozen=True)
class ClockValue:
    """A number [] that changes with the clock; `fade`: the weight of a level that fades in."""

    id: str
    number: Number | Literal["fade"]


@dataclass(frozen=True)
class Kept:
    """For each sample one that a pool kept, [n, *shape]; or `instead`: 1 where it is taken, else 0 [n]."""

    pool: str
    shape: tuple[int, ...]
    instead: bool = False

    @property
    def id(self) -> str:
        return f"{self.pool}.{'instead' if self.instead else 'pooled'}"


Source = Item | Drawn | Kept | StateValue | ClockValue


@dataclass(frozen=True, eq=False)
class PassProgram:
    """One pass: `run` takes a tensor for each source, in order, and gives losses, then values.

    A loss [] for each player of the phase, weighted, which is differentiated by that player's weights.
    `values` are nodes of the graph whose tensors [] follow: heard by states, logged. `used`: by network, the
    ids of the layers that run, whose weights have gradients, if only of 0. `heard`: which state hears which
    of the values. `by`: network, path and ids left out of the weights by which something is differentiated
    inside; they need a gradient while it runs, whoever trains them. `kept`: pools, and those of the values
    whose samples [n, …] they keep. It is equal to itself alone.
    """

    sources: tuple[Source, ...]
    run: Callable[..., tuple[Tensor, ...]]
    values: tuple[str, ...]
    used: Mapping[str, tuple[str, ...]]
    heard: tuple[tuple[str, str], ...] = ()
    by: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    kept: tuple[tuple[str, str], ...] = ()

    @cached_property
    def reads(self) -> frozenset[str]:
        """The fields of the data that it reads."""
        return frozenset(one.field for one in self.sources if isinstance(one, Item))


@dataclass(frozen=True)
class StateProgram:
    """The next values of states: `run` takes a tensor [] for each source, then for each heard node."""

    states: tuple[str, ...]
    sources: tuple[StateValue | ClockValue, ...]
    heard: tuple[str, ...]
    run: Callable[..., tuple[Tensor, ...]]


class Game(Protocol):
    """A whole game over its networks, of which it knows the programs."""

    @property
    def plan(self) -> GamePlan:
        """Players, states: what is the same at all stages."""

    def plan_at(self, stage: Stage) -> GamePlan:
        """The plan at a stage of growth, whose terms and their batches may be others."""

    @property
    def networks(self) -> Mapping[str, Network]:
        """All of them, by name."""

    averages: dict[str, Network]  # of their weights, for calls that want these; the run fills it in

    def pass_program(self, phase: PhasePlan, part: PassPlan, stage: Stage) -> PassProgram:
        """The program of a pass at a stage of growth; the same one each time."""

    def state_program(self, states: tuple[str, ...], stage: Stage) -> StateProgram:
        """What moves these states."""

    def view_program(self, nodes: tuple[str, ...], stage: Stage, average: bool) -> PassProgram:
        """What computes nodes to be looked at, as values: networks in evaluation, and so nothing moves.

        Regularization of training alone (`augment`, `crossover`) is left out. `average`: with the averages of
        weights, of networks that have one.
        """

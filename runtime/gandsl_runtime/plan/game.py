"""What a game is beside its graphs: players, their terms, states; and the phases that these make. No torch.

The compiler fills this in from a spec, a generated package has it as text, and the executor follows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from .number import Curve, Number, Stairs
from .optimizer import Optimizer
from .quantity import ZERO, Quantity
from .schedule import Clock, reached

if TYPE_CHECKING:
    from .degrade import DegradeStep

Fresh = Literal["phase", "step"]
_SHORT = {"generator": "G", "discriminator": "D"}


def short(name: str) -> str:
    """What a player or a network is called in the log and in messages: G, D, others by their names."""
    return _SHORT.get(name, name)


@dataclass(frozen=True)
class DataField:
    """What the items of the data have under a name: an Image (c, h, w), a Label of (k,) classes, …

    Fields of one stream are of one item each time, those of a `partner` of another item of the same set.
    """

    kind: str  # a row of data.kinds
    shape: tuple[int, ...]
    set: str = ""  # as `--data SET=WHERE` calls it
    field: str = ""  # what the set calls it; empty: not said
    partner: str = ""  # a field of the set: another item's, which has the same value of it
    stream: str = ""  # an independent stream over the set
    range: tuple[float, float] | None = None  # values that become black and white
    mask: str = ""  # a field of Tokens: where it has any
    origin: str = ""  # a field of the same item, from which it is computed
    steps: tuple[DegradeStep, ...] = ()  # by these

    @property
    def key(self) -> str:
        """The stream that it is read from: SET, or SET/STREAM."""
        return f"{self.set}/{self.stream}" if self.stream else self.set

    @property
    def plain(self) -> bool:
        """Whether it may be the image or the label of a set that names no fields."""
        named = self.field or self.partner or self.range or self.mask or self.origin
        return self.kind in ("Image", "Label") and not named


@dataclass(frozen=True)
class Term:
    """What a player minimizes, one of several: weight · a Scalar of the game's graph.

    `batch` is as it was written, and None where the term takes the step's: it is a part of the draws' key.
    A term is there from `start` on, and until `until`.
    """

    id: str  # PLAYER.TERM
    node: str  # of the graph: a Scalar
    weight: Number | str = 1.0  # a number that may change with the clock, or a node of the graph
    every: int = 1  # in steps
    batch: int | None = None
    start: Quantity = ZERO
    until: Quantity | None = None
    logs: Mapping[str, str] = field(default_factory=dict)  # name in the log → node, in passes of this term
    sampled: bool = True  # whether it depends on any sample; one that does not is computed once a phase

    @property
    def idle(self) -> bool:
        """Whether it is left out, since its weight is the number 0; its interval counts all the same."""
        return not isinstance(self.weight, Curve | Stairs | str) and self.weight == 0

    def is_there(self, clock: Clock) -> bool:
        return reached(self.start, clock) and not (self.until is not None and reached(self.until, clock))


@dataclass(frozen=True)
class Player:
    """Who moves which weights, by the gradients of which terms.

    `trains` are networks, or parts of them by id: `judge`, `judge.head`.
    """

    name: str
    trains: tuple[str, ...]
    terms: tuple[Term, ...]
    steps: int = 1  # optimizer steps a step, each on items and draws of its own
    start: Quantity = ZERO
    until: Quantity | None = None
    optimizer: Optimizer | None = None  # moments of its own; None: those of the networks

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks that it trains, whole or in part."""
        return tuple(dict.fromkeys(name.partition(".")[0] for name in self.trains))

    def intervals(self, clock: Clock) -> tuple[int, ...]:
        """Those of its lazy phases, ascending, of the terms that are there: one of weight 0 is among them."""
        return tuple(sorted({term.every for term in self.terms if term.every > 1 and term.is_there(clock)}))

    def is_there(self, clock: Clock) -> bool:
        return reached(self.start, clock) and not (self.until is not None and reached(self.until, clock))


def comes_or_goes(part: Player | Term) -> bool:
    """Whether it is not there all the time."""
    return bool(part.start.number) or part.until is not None


@dataclass(frozen=True)
class GameState:
    """A number that the game keeps: read as it stood when a micro-batch began, moved by what was heard.

    `next` is a node of the graph, below which `heard` nodes stand for means of what the phases of `players`
    computed. `every` in steps; None: after each micro-batch.
    """

    id: str
    next: str
    heard: tuple[str, ...]  # ids of the nodes that are heard
    players: tuple[str, ...]
    start: float = 0.0
    every: int | None = 1
    moved: tuple[str, ...] = ()  # names that it had in older checkpoints


@dataclass(frozen=True)
class GamePool:
    """Samples of before that a game keeps, `size` of one `shape`: of one node, for another to replay."""

    id: str  # of the node that replays
    node: str  # whose samples are kept
    size: int
    shape: tuple[int, ...]


@dataclass(frozen=True)
class PassPlan:
    """Terms of a phase that share nodes and draws: those that write the same batch."""

    terms: tuple[Term, ...]
    batch: int | None = None  # as written
    sampled: bool = True


@dataclass(frozen=True)
class PhasePlan:
    """One optimizer step of one player, or of several at once, taken every `every` steps."""

    name: str  # PLAYER, or PLAYER/EVERY; of several: A+B
    players: tuple[str, ...]
    passes: tuple[PassPlan, ...]
    every: int = 1
    repeat: int = 1

    @cached_property
    def label(self) -> str:
        """Its name as users are told it: `D/16`; other players than these two by their names."""
        players = "+".join(map(short, self.players))
        return f"{players}/{self.every}" if self.every > 1 else players

    @cached_property
    def logs(self) -> Mapping[str, str]:
        """What its terms have in the log: name → node."""
        terms = (term for part in self.passes for term in part.terms)
        return {name: node for term in terms for name, node in term.logs.items()}

    def due(self, clock: Clock) -> bool:
        return clock.steps % self.every == 0


@dataclass(frozen=True)
class GamePlan:
    """A game beside its graphs."""

    players: Mapping[str, Player]
    order: tuple[tuple[str, ...], ...]  # turns: of one player, or of several at once
    states: tuple[GameState, ...] = ()
    fresh: Fresh = "phase"
    logs: Mapping[str, str] = field(default_factory=dict)  # name in the log → node
    shows: tuple[str, ...] = ()  # nodes
    watches: Mapping[str, str] = field(default_factory=dict)  # real, fake, samples, items → node
    data: Mapping[str, DataField] = field(default_factory=dict)  # what an item of the data holds
    pools: tuple[GamePool, ...] = ()
    boundary: float | None = None  # above which a logit takes an item for real; None: it says no such thing

    @cached_property
    def streams(self) -> Mapping[str, Mapping[str, DataField]]:
        """The fields of each stream of items, by its key, in the order of the first field of each."""
        found: dict[str, dict[str, DataField]] = {}
        for name, one in self.data.items():
            found.setdefault(one.key, {})[name] = one
        return found

    @property
    def sets(self) -> tuple[str, ...]:
        """What the sets are called, in their order: `("",)` where there is one that has no name."""
        return tuple(dict.fromkeys(one.set for one in self.data.values()))

    @property
    def image(self) -> tuple[int, int, int] | None:
        """The shape (c, h, w) of the images that the data gives, of the largest field; None without any."""
        shapes = [one.shape for one in self.data.values() if one.kind == "Image"]
        return max(shapes, key=lambda shape: shape[1] * shape[2], default=None)  # type: ignore[return-value]

    @property
    def classes(self) -> int:
        """How many classes the items have; 0 where the game reads none."""
        return max((one.shape[0] for one in self.data.values() if one.kind == "Label"), default=0)

    @property
    def trained(self) -> tuple[str, ...]:
        """The networks that some player trains, whole or in part."""
        return tuple(dict.fromkeys(name for player in self.players.values() for name in player.networks))

    def phases(self, clock: Clock) -> tuple[PhasePlan, ...]:
        """The phases of a step at this moment, in order, whether they are due in it or not."""
        there = tuple(part.is_there(clock) for part in self._coming_and_going)
        if there not in self._known:
            self._known[there] = tuple(self._made(clock))
        return self._known[there]

    def _made(self, clock: Clock) -> Iterable[PhasePlan]:
        for turn in self.order:
            players = [self.players[name] for name in turn if self.players[name].is_there(clock)]
            yield from _phases(players, clock)

    @cached_property
    def _coming_and_going(self) -> tuple[Player | Term, ...]:
        players = self.players.values()
        parts: list[Player | Term] = [*players, *(term for player in players for term in player.terms)]
        return tuple(filter(comes_or_goes, parts))

    @cached_property
    def _known(self) -> dict[tuple[bool, ...], tuple[PhasePlan, ...]]:
        return {}


def _phases(players: list[Player], clock: Clock) -> Iterable[PhasePlan]:
    """The main phase of a turn, then the lazy ones of each player, by interval."""
    if not players:
        return
    main = _passes(players, 1, clock)
    if main:
        names = tuple(player.name for player in players)
        yield PhasePlan("+".join(names), names, main, 1, players[0].steps)
    for player in players:
        for every in player.intervals(clock):
            if lazy := _passes([player], every, clock):
                yield PhasePlan(f"{player.name}/{every}", (player.name,), lazy, every)


def _passes(players: list[Player], every: int, clock: Clock) -> tuple[PassPlan, ...]:
    """The terms of one interval that are there, by the batch that they write, in the order of the first."""
    groups: dict[tuple[int | None, bool], list[Term]] = {}
    for player in players:
        for term in player.terms:
            if term.every == every and not term.idle and term.is_there(clock):
                groups.setdefault((term.batch, term.sampled), []).append(term)
    return tuple(PassPlan(tuple(terms), batch, sampled) for (batch, sampled), terms in groups.items())

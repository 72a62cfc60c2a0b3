"""Games as source: what a generated `game.py` is made of. Each pass is a function of networks and sources."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor

from ..network import Network
from ..plan.game import GamePlan, PassPlan, PhasePlan
from ..plan.schedule import Stage
from .calls import Augmented, NetworkCall, NetworkWeights
from .program import ClockValue, PassProgram, Source, StateProgram, StateValue

At = tuple[int, bool]  # a stage of growth: its level, and whether that fades in
Found = tuple[Any, ...]  # a loss [] for each player, or None; then values []


@dataclass(frozen=True)
class WrittenPass:
    """A pass at some stages (all, if there are none), as `PassProgram` has it.

    `run` takes the networks, a tensor for each source, and `numbers` by name. `terms` by id. `used`: by
    network, ids of what runs; "" is all of it.
    """

    phase: str  # of a view: shows, watches
    run: Callable[..., Found]
    terms: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    values: tuple[str, ...] = ()
    heard: tuple[tuple[str, str], ...] = ()
    used: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    by: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    kept: tuple[tuple[str, str], ...] = ()
    stages: tuple[At, ...] = ()
    numbers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class WrittenState:
    """How a state moves: `run` takes a tensor [] for each source, then for each heard node."""

    id: str
    run: Callable[..., Tensor]
    sources: tuple[StateValue | ClockValue, ...]
    heard: tuple[str, ...]
    stages: tuple[At, ...] = ()
    numbers: Mapping[str, Any] = field(default_factory=dict)


Rows = Sequence[tuple[str, At, At]]  # a scope of layers, and the first and the last stage that runs it


def at_stages(
    base: WrittenPass,
    layers: Mapping[str, Rows],
    stages: Sequence[At],
    numbers: Mapping[str, Sequence[Any]] | None = None,
) -> tuple[WrittenPass, ...]:
    """A pass at several stages, with what runs there of the networks that it uses. `numbers`: by stage."""
    return tuple(
        replace(
            base,
            stages=(at,),
            used={name: _running(layers[name], at) for name in base.used},
            numbers={name: values[place] for name, values in (numbers or {}).items()},
        )
        for place, at in enumerate(stages)
    )


def _running(rows: Rows, at: At) -> tuple[str, ...]:
    now = _moment(at)
    return tuple(scope for scope, first, last in rows if _moment(first) <= now <= _moment(last))


def _moment(at: At) -> tuple[int, bool]:
    """In the order of training: a level fades in, then it is stable."""
    level, fading = at
    return level, not fading


class Networks:
    """The networks at a stage, by name: `net.generator(z)`, `net.generator.mapping(z)`.

    `viewed`: what a view calls by their names, in evaluation; None: it is a pass.
    """

    def __init__(self, game: WrittenGame, stage: Stage, viewed: Mapping[str, Network] | None = None) -> None:
        self._game, self._stage, self._viewed = game, stage, viewed
        self._made: dict[object, Any] = {}

    def __getattr__(self, name: str) -> WrittenNetwork:
        return WrittenNetwork(self, self._viewed or self._game.networks, name)

    def _once(self, key: object, make: Callable[[], Any]) -> Any:
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]


@dataclass(frozen=True)
class WrittenNetwork:
    """One of the networks, or its average, to be called: a tensor comes back where it has one output.

    An input is None where nothing that the pass reads depends on it. `draws`: the id by which layers draw.
    `holds`: paths of layers whose state stays. `training`: the mode, where it is not the network's own.
    """

    at: Networks
    networks: Mapping[str, Network]
    name: str

    def __call__(self, *given: Tensor | None, **how: Any) -> Any:
        return self._run("forward", given, **how)

    def mapping(self, *given: Tensor | None, **how: Any) -> Any:
        """Styles [N, L, n] of latents."""
        return self._run("mapping", given, **how)

    def synthesis(self, *given: Tensor | None, **how: Any) -> Any:
        """What the network makes of styles."""
        return self._run("synthesis", given, **how)

    def _run(
        self,
        entry: str,
        given: Sequence[Tensor | None],
        draws: str = "",
        holds: tuple[str, ...] = (),
        training: bool | None = None,
    ) -> Any:
        at, name, networks = self.at, self.name, self.networks
        training = training if at._viewed is None else False
        found = at._once(
            (id(networks), name, entry, draws, holds, training),
            lambda: NetworkCall(
                networks,
                name,
                entry,
                at._stage,
                draws,
                holds=holds,
                training=training,
            ),
        )(*self._filled(given))
        return found[0] if len(found) == 1 else found

    def _filled(self, given: Sequence[Tensor | None]) -> Iterator[Tensor]:
        """Zeros of its port's kind for each input that is None."""
        like = next(x for x in given if x is not None)
        ports = sorted(self.networks[self.name].inputs, key=lambda port: port.kind == "Scalar")
        for place, x in enumerate(given):
            if x is not None:
                yield x
                continue
            port = ports[place]
            shape = () if port.kind == "Scalar" else (len(like), *port.sample)
            yield like.new_zeros(shape, dtype=torch.int64 if port.holds_classes else None)


def averaged(net: Networks, name: str) -> WrittenNetwork:
    """A network with the average of its weights."""
    return WrittenNetwork(net, net._game.averages, name)


def weights(net: Networks, name: str, path: str = "", skip: tuple[str, ...] = ()) -> tuple[Tensor, ...]:
    """What a network learns of two dimensions or more, at and below a path, less what is skipped."""
    networks = net._viewed or net._game.networks
    found = net._once(("weights", name, path, skip), lambda: NetworkWeights(networks, name, path, skip))()
    return tuple(found)


def augmented(
    net: Networks,
    images: Sequence[Tensor],
    p: Tensor | None = None,
    *,
    id: str,
    pipe: Any,
    chance: float = 1.0,
    kinds: tuple[str, ...] = (),
) -> tuple[Tensor, ...]:
    """Transforms of images, each made by `chance`, or by p []; sizes of one image are transformed alike.

    `kinds`: Image, Mask or Classes, of each, where not all are images.
    """
    make = partial(Augmented, pipe, chance, net._game.data_range, id, kinds)
    return tuple(net._once(("augmented", id), make)(list(images), p))


@dataclass
class WrittenGame:
    """A game whose passes are written down. A `Game`. `data_range` is that of images."""

    networks: Mapping[str, Network]
    averages: dict[str, Network] = field(default_factory=dict)
    _at: dict[object, Networks] = field(default_factory=dict, repr=False)
    _programs: dict[object, Any] = field(default_factory=dict, repr=False)

    data_range: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    plans: ClassVar[Mapping[At | None, GamePlan]] = {}  # of all stages: None; of those that have others
    passes: ClassVar[tuple[WrittenPass, ...]] = ()
    states: ClassVar[tuple[WrittenState, ...]] = ()
    views: ClassVar[tuple[WrittenPass, ...]] = ()

    @property
    def plan(self) -> GamePlan:
        """Players, states: what is the same at all stages."""
        return self.plans[None]

    def plan_at(self, stage: Stage) -> GamePlan:
        """See `Game.plan_at`."""
        return self.plans.get(_at(stage), self.plan)

    def pass_program(self, phase: PhasePlan, part: PassPlan, stage: Stage) -> PassProgram:
        """See `Game.pass_program`."""
        terms = tuple(term.id for term in part.terms)
        key = (phase.name, terms, _at(stage))
        if key not in self._programs:
            found = next(
                one
                for one in self.passes
                if (one.phase, one.terms) == (phase.name, terms) and _is_there(one, stage)
            )
            run = partial(found.run, self._networks(stage), **found.numbers)
            self._programs[key] = PassProgram(
                found.sources, run, found.values, self._used(found), found.heard, found.by, found.kept
            )
        program: PassProgram = self._programs[key]
        return program

    def state_program(self, states: tuple[str, ...], stage: Stage) -> StateProgram:
        """See `Game.state_program`."""
        moved = [one for id_ in states for one in self.states if one.id == id_ and _is_there(one, stage)]
        sources = tuple(dict.fromkeys(source for one in moved for source in one.sources))
        heard = tuple(dict.fromkeys(node for one in moved for node in one.heard))

        def run(*given: Tensor) -> tuple[Tensor, ...]:
            told = dict(zip((*sources, *heard), given, strict=True))
            return tuple(
                one.run(*(told[source] for source in (*one.sources, *one.heard)), **one.numbers)
                for one in moved
            )

        return StateProgram(tuple(one.id for one in moved), sources, heard, run)

    def view_program(self, nodes: tuple[str, ...], stage: Stage, average: bool) -> PassProgram:
        """See `Game.view_program`: of nodes that are shown, or of those that are watched."""
        key = (nodes, average, _at(stage))
        if key not in self._programs:
            found = next(one for one in self.views if set(nodes) <= set(one.values) and _is_there(one, stage))
            networks: Mapping[str, Network] = (
                ChainMap(self.averages, dict(self.networks)) if average else self.networks
            )
            net = self._at.setdefault((average, _at(stage)), Networks(self, stage, networks))
            places = [found.values.index(node) for node in nodes]

            def run(*given: Tensor) -> tuple[Tensor, ...]:
                values = found.run(net, *given, **found.numbers)
                return tuple(values[place] for place in places)

            self._programs[key] = PassProgram(found.sources, run, nodes, {}, by=found.by)
        program: PassProgram = self._programs[key]
        return program

    def _networks(self, stage: Stage) -> Networks:
        return self._at.setdefault(_at(stage), Networks(self, stage))

    def _used(self, found: WrittenPass) -> dict[str, tuple[str, ...]]:
        """By network, the layers with weights among those that a pass says it runs."""
        return {
            name: tuple(
                path
                for path, module in self.networks[name].named_modules()
                if any(True for _ in module.parameters(recurse=False)) and _within(path, scopes)
            )
            for name, scopes in found.used.items()
        }


def _at(stage: Stage) -> At | None:
    return None if stage.level is None else (stage.level, stage.fading)


def _is_there(one: WrittenPass | WrittenState, stage: Stage) -> bool:
    return not one.stages or stage.level is None or (stage.level, stage.fading) in one.stages


def _within(path: str, scopes: tuple[str, ...]) -> bool:
    return any(not scope or path == scope or path.startswith(f"{scope}.") for scope in scopes)

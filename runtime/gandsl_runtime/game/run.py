"""All that a run of a game is: networks and averages, optimizers, states, counters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from .. import recompute
from ..calling import dtype_of
from ..data import Stream
from ..data.ahead import Ahead
from ..distributed.group import ProcessGroup, check_terms
from ..guard.memory import GuardHistory
from ..layers import BatchNorm, Layer
from ..layers.weight import Weighted
from ..network import Network
from ..plan import Ema, Plan, schedule
from ..plan.game import PhasePlan
from ..plan.schedule import Clock, Size, Stage, Step
from ..rng import Draws, name_layers
from ..runs.header import Counters
from ..runs.tensors import average_name, under
from ..training import ema, precision
from ..training.metrics import MetricSums
from ..training.precision import Scaling
from . import saved
from .compiled import Compiler
from .optimizers import Optimizers, sizes_of
from .pools import Pools
from .program import Game, PassProgram
from .sources import NO_ITEMS, Items, Sources
from .states import GameStates, Programs, Values


@dataclass
class GameRun:
    """A game that is played. Draws are functions of `seed`, `rollbacks` and the clock: no part of the state.

    Networks that some player trains are in training mode, all others in evaluation.
    """

    plan: Plan
    game: Game
    optimizers: Optimizers
    scaling: Mapping[str, Scaling]  # by player
    states: GameStates
    pools: Pools
    stream: Stream | Ahead
    group: ProcessGroup
    device: torch.device
    dtype: torch.dtype
    seed: int
    shares: Tensor | None = None  # of classes in the data, added up
    clock: Clock = field(default_factory=Clock)
    samples: int = 0  # items taken from the data so far
    stage: Stage | None = None  # of the last step
    rollbacks: int = 0  # how often the guard went back …
    rate: float = 1.0  # … and what that made of the learning rates
    further: Mapping[str, Stream | Ahead] = field(default_factory=dict)  # by key, where there are several
    memory: GuardHistory | None = None  # of the guard, where there is one
    metrics: MetricSums = field(default_factory=MetricSums)
    compiler: Compiler | None = None  # None: all runs eager
    _weights: dict[PassProgram, frozenset[int]] = field(default_factory=dict)

    @classmethod
    def new(
        cls,
        plan: Plan,
        game: Game,
        stream: Stream | Ahead,
        seed: int,
        device: torch.device,
        group: ProcessGroup | None = None,
        shares: Tensor | None = None,
        metrics: MetricSums | None = None,
        further: Mapping[str, Stream | Ahead] | None = None,
    ) -> GameRun:
        """The run before its first step; networks move to the device, and take their modes.

        Raises PlanError where a term's batch can't be dealt evenly to all processes.
        """
        group = group or ProcessGroup()
        check_terms(group, plan, game.plan.players.values())
        in_force = precision.in_force(plan.precision, device)
        players = game.plan.players.values()
        learning = {name for player in players for name in player.networks}
        for name, network in game.networks.items():
            name_layers(network)
            network.to(device).train(name in learning)
        precision.prepare(plan, *game.networks.values())
        game.averages.update({name: ema.average_of(game.networks[name]) for name in plan.averaged})
        for network in game.networks.values():
            recompute.begin(network)
            for norm in (module for module in network.modules() if isinstance(module, BatchNorm)):
                norm.per_process = not plan.synchronize.batch_norm
        first = schedule.step(plan, sizes_of(game.networks), Clock())
        dtype = dtype_of(next(iter(game.networks.values())))
        run = cls(
            plan,
            game,
            Optimizers(plan, game.plan, game.networks, first),
            {player.name: Scaling(in_force, device) for player in players},
            GameStates(game.plan.states, device, dtype),
            Pools(game.plan.pools, device, dtype),
            stream,
            group,
            device,
            dtype,
            seed,
            None if shares is None else shares.to(device, dtype),
            metrics=metrics or MetricSums(),
            further=further or {},
        )
        if plan.guard:
            run.memory = GuardHistory.new(plan.guard, run.learning)
        group.share(run.tensors().values())
        return run

    def now(self) -> Step:
        """The step that follows: a pure function of the clock."""
        return schedule.step(self.plan, sizes_of(self.game.networks), self.clock)

    def phases(self) -> tuple[PhasePlan, ...]:
        """The optimizer steps that there are now, whether due or not."""
        now = self.now()
        return self.game.plan_at(now.stage).phases(now.clock)

    def stream_of(self, key: str) -> Stream | Ahead:
        """The stream of items with a key."""
        return self.further.get(key, self.stream)

    @property
    def networks(self) -> Mapping[str, Network]:
        """All of them, by name."""
        return self.game.networks

    @property
    def learning(self) -> dict[str, Network]:
        """Those that some player trains, whole or in part."""
        return {name: one for name, one in self.networks.items() if name in self.game.plan.trained}

    @property
    def levels(self) -> Sequence[Size]:
        """The sizes of a growing family, smallest first; none where nothing grows."""
        return sizes_of(self.networks)

    def moved_in(self, phase: PhasePlan) -> tuple[str, ...]:
        """The networks that a phase's players train."""
        players = self.game.plan.players
        return tuple(network for player in phase.players for network in players[player].networks)

    def rates(self, step: Step) -> dict[str, tuple[float, float]]:
        """Learning rates at a step, each with the lazy correction in it, by their names in the log."""
        return {name: (rate * self.rate, lazy) for name, (rate, lazy) in self.optimizers.rates(step).items()}

    def passed(
        self, phase: PhasePlan, program: PassProgram, draws: Draws, given: Sequence[Tensor]
    ) -> tuple[Any, ...]:
        """Losses or None, then values, of a pass, inside `taking(draws)`: compiled, where passes are."""
        if self.compiler is None:
            return program.run(*given)
        networks = (*self.game.networks.values(), *self.game.averages.values())
        name = f"phase {phase.label}{_said(self.stage)}"
        return self.compiler(name, program, len(phase.players), networks, draws, given)

    @cached_property
    def averaged(self) -> Mapping[str, Ema]:
        """The networks whose weights are averaged, and how."""
        return self.plan.averaged

    def sources(self, step: Step, items: Items = NO_ITEMS, draws: Draws | None = None) -> Sources:
        """What the samples of a micro-batch have, or the end of a step, which has neither items nor draws."""
        values, shares = self.states.values, self.shares
        return Sources(step, values, self.device, self.dtype, items, draws, shares, self.pools)

    def weights_of(self, program: PassProgram) -> frozenset[int]:
        """The weights of the layers that a pass runs, by id()."""
        if program not in self._weights:
            self._weights[program] = frozenset(
                id(weight)
                for name, layers in program.used.items()
                for layer in layers
                for weight in self.game.networks[name].get_submodule(layer).parameters(recurse=False)
            )
        return self._weights[program]

    @cached_property
    def moving(self) -> list[Layer]:
        """The layers whose buffers move with each call in training."""
        modules = (module for network in self.game.networks.values() for module in network.modules())
        return [module for module in modules if isinstance(module, Layer) and module.running]

    @cached_property
    def forced(self) -> list[Weighted]:
        """The layers whose stored weights are normalized after each step of their optimizer."""
        modules = (module for network in self.game.networks.values() for module in network.modules())
        return [module for module in modules if isinstance(module, Weighted) and module.is_forced]

    def enter(self, step: Step) -> None:
        """Set the optimizers for a step, and forget their moments where growth says so."""
        was, is_ = self.stage, step.stage
        moved = was is not None and (is_.level, is_.fading) != (was.level, was.fading)
        growth = self.plan.growth
        self.optimizers.enter(step, self.rate, moved and growth is not None and growth.reset_optimizer)
        self.stage = step.stage

    def follow(self, step: Step, phase: PhasePlan, of: PassProgram) -> None:
        """What follows from a micro-batch of a pass: states that move with each."""
        if self.states.at_once:
            self.states.follow(phase.players, of.heard, self.group, *self._moving(step))

    def leave(self, step: Step) -> None:
        """What follows from a step: states, pools, averages of weights, the clock."""
        self.states.leave(step, self.group, *self._moving(step))
        self.pools.leave(self.group)
        for name, settings in self.averaged.items():
            decay = schedule.ema_decay(settings, step)
            ema.update(self.game.averages[name], self.game.networks[name], decay, settings.buffers)
        self.clock = self.clock.after(step.batch)

    def _moving(self, step: Step) -> tuple[Programs, Values]:
        """What moves states in a step, and the values that this reads."""
        return lambda due: self.game.state_program(due, step.stage), self.sources(step).tensor

    def told(self) -> dict[str, float]:
        """States that the log has, as they are now; waits for the device."""
        values = self.states.values
        return {name: float(values[node]) for name, node in self.game.plan.logs.items() if node in values}

    def tensors(self) -> dict[str, Tensor]:
        """See `saved.tensors`."""
        return saved.tensors(self)

    def with_averages(self, tensors: dict[str, Tensor], names: Iterable[str]) -> dict[str, Tensor]:
        """These, and averages of some networks, where there are none, that begin as the weights."""
        for name in names:
            average = f"{average_name(name)}/"
            if not under(tensors, average):
                own = under(tensors, f"{name}/")
                tensors = tensors | {f"{average}{key}": tensor for key, tensor in own.items()}
        return tensors

    def load_tensors(self, tensors: dict[str, Tensor], counters: Counters, whole: bool = False) -> None:
        """See `saved.load`. Raises ValueError."""
        saved.load(self, tensors, counters, whole)

    def counters(self) -> dict[str, Any]:
        """See `saved.counters`."""
        return saved.counters(self)

    def load_counters(self, counters: Counters) -> None:
        """See `saved.load_counters`."""
        saved.load_counters(self, counters)


def _said(stage: Stage | None) -> str:
    if stage is None or stage.level is None:
        return ""
    return f" at level {stage.level}{', fading' if stage.fading else ''}"

"""A game that is played on blank items: a run in its midst, whose phases are taken as the executor does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from ..data.fields.kinds import room_of
from ..data.stream import FieldBatch
from ..game import step as executor
from ..game.items import StepItems
from ..game.optimizers import sizes_of
from ..game.program import Game
from ..game.run import GameRun
from ..plan import Plan, schedule
from ..plan.game import DataField, PassPlan, PhasePlan
from ..plan.schedule import Clock, Stage, Step

PARTS = 2  # of a batch: from the second on gradients are added to, and all are alike
REPEATS = 2  # of a phase: from the second on the last one's items are there
Taken = Callable[[PhasePlan], None]


class Rehearsal:
    """A run that is under way, on blank images: its weights have moments and gradients."""

    def __init__(
        self,
        plan: Plan,
        game: Game,
        device: torch.device,
        *,
        ahead: bool = False,  # whether the next batch is there already, as on a GPU
    ) -> None:
        self.plan, self.game = plan, game
        where = device if ahead else torch.device("cpu")
        streams: dict[str, Any] = {
            key: Blank(fields, where, ahead) for key, fields in (game.plan.streams or {"": {}}).items()
        }
        first, *others = streams
        classes = game.plan.classes
        shares = torch.arange(1, classes + 1, device=device) / classes if classes else None
        self.run = GameRun.new(
            plan,
            game,
            streams[first],
            0,
            device,
            shares=shares,
            further={key: streams[key] for key in others},
        )
        self.steady = False  # whether the last step began with what it ended with
        self._fresh = plan.growth is None  # no step was taken; where levels grow it begins with nothing

    def step_at(self, stage: Stage, clock: Clock) -> Step:
        """The step that is taken at a stage."""
        return Step(clock, stage, schedule.batch(self.plan, sizes_of(self.game.networks), stage))

    def take(self, step: Step, before: Taken, after: Taken) -> None:
        """Every phase once, whether due or not; `before` and `after` are called around each."""
        self.run.enter(step)
        phases, fresh, self._fresh = self.phases(step), self._fresh, False
        if fresh:
            self._begin(phases)
        began = self._held()
        reached = set[tuple[Optimizer, Tensor]]()
        items = StepItems(self.run, step)
        for phase in phases:
            self._take(step, phase, items, before, after)
            reached |= {pair for pair in self._weights(phase) if pair[1].grad is not None}
        if fresh:  # what nothing reaches has no moments
            for optimizer in self.run.optimizers.values():
                for weight in [weight for weight in optimizer.state if (optimizer, weight) not in reached]:
                    del optimizer.state[weight]
        self.steady = began == self._held()

    def take_terms(self, step: Step, before: Taken, after: Taken) -> None:
        """Every term of a phase as if the phase had no other."""
        self.run.enter(step)
        items = StepItems(self.run, step)
        for phase in self.phases(step):
            for part in phase.passes:
                for term in part.terms:
                    alone = PassPlan((term,), part.batch, part.sampled)
                    self._take(step, replace(phase, passes=(alone,)), items, before, after)

    def phases(self, step: Step) -> tuple[PhasePlan, ...]:
        """Those that there are at this moment."""
        return self.game.plan_at(step.stage).phases(step.clock)

    def _take(self, step: Step, phase: PhasePlan, items: StepItems, before: Taken, after: Taken) -> None:
        before(phase)
        for repeat in range(min(phase.repeat, REPEATS)):
            executor.take(self.run, step, phase, repeat, items, PARTS)
        after(phase)

    def _held(self) -> tuple[set[tuple[Optimizer, Tensor]], set[Tensor]]:
        """Which weights have moments, by optimizer, and which have gradients."""
        optimizers = self.run.optimizers
        moments = {(optimizer, weight) for optimizer in optimizers.values() for weight in optimizer.state}
        return moments, {weight for weight in optimizers.weights if weight.grad is not None}

    def _weights(self, *phases: PhasePlan) -> set[tuple[Optimizer, Tensor]]:
        """What the players of phases move, each with the optimizer that does."""
        optimizers = self.run.optimizers.of(*(player for phase in phases for player in phase.players))
        return {(one, weight) for one in optimizers for weight in one.param_groups[0]["params"]}

    def _begin(self, phases: Sequence[PhasePlan]) -> None:
        """Moments of every weight that these train, and gradients, as an earlier step leaves them.

        Players that come later have left none.
        """
        weights = self._weights(*phases)
        for _, weight in weights:
            weight.grad = torch.zeros_like(weight)
        for optimizer in {optimizer for optimizer, _ in weights}:
            optimizer.step()


class Blank:
    """A stream of the items that a game reads under a key, of which nobody looks at any.

    ahead: whether it holds the next items when it gives some.
    """

    position = 0

    def __init__(self, fields: Mapping[str, DataField], device: torch.device, ahead: bool) -> None:
        self._device, self._ahead, self._next = device, ahead, (0, FieldBatch())
        self._fields = fields

    def take(self, count: int) -> FieldBatch:
        """So many."""
        now = self._next[1] if self._next[0] == count else self._made(count)
        if self._ahead:
            self._next = count, self._made(count)
        return now

    def _made(self, count: int) -> FieldBatch:
        rooms = {name: room_of(of) for name, of in self._fields.items()}
        return FieldBatch(
            (name, torch.zeros(count, *shape, dtype=getattr(torch, dtype.name), device=self._device))
            for name, (shape, dtype) in rooms.items()
        )

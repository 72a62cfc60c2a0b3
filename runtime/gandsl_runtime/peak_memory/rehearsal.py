"""A game that is played on blank items: a run in its midst, whose phases are taken as the executor does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

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
        self._begun = plan.growth is None  # else some weights are not reached before the last level
        if self._begun:
            self._begin()

    def step_at(self, stage: Stage, clock: Clock) -> Step:
        """The step that is taken at a stage."""
        return Step(clock, stage, schedule.batch(self.plan, sizes_of(self.game.networks), stage))

    def take(self, step: Step, before: Taken, after: Taken) -> None:
        """Every phase once, whether due or not; `before` and `after` are called around each."""
        self.run.enter(step)
        began = self._with_moments()
        reached = set[Tensor]()
        items = StepItems(self.run, step)
        for phase in self.phases(step):
            self._take(step, phase, items, before, after)
            variables = [self.run.optimizers.variables[player] for player in phase.players]
            reached |= {weight for weights in variables for weight in weights if weight.grad is not None}
        if self._begun:  # what nothing reaches has no moments
            self._begun = False
            for optimizer in self.run.optimizers.values():
                for weight in began - reached:
                    optimizer.state.pop(weight, None)
        self.steady = began == self._with_moments()

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

    def _with_moments(self) -> set[Tensor]:
        return {weight for optimizer in self.run.optimizers.values() for weight in optimizer.state}

    def _begin(self) -> None:
        """Moments of every weight that is trained, and gradients, as an earlier step leaves them."""
        for optimizer in self.run.optimizers.values():
            for weight in optimizer.param_groups[0]["params"]:
                weight.grad = torch.zeros_like(weight)
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

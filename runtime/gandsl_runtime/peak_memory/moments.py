"""When a run plays something else: stages of growth, terms and players that come or go, frozen weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

from ..plan import Plan, Quantity, schedule
from ..plan.game import GamePlan
from ..plan.schedule import Clock, Size, Stage


def stage_begins(plan: Plan, sizes: Sequence[Size]) -> list[tuple[Stage, Clock]]:
    """Every stage that trains, in order, and the clock when it begins."""
    found, now = [], Clock()
    for stage in schedule.stages(plan.growth, sizes):
        found.append((stage, now))
        if growth := plan.growth:
            batch = schedule.batch(plan, sizes, stage)
            steps = ceil((growth.fade if stage.fading else growth.stable).amount / batch)
            now = Clock(now.images + steps * batch, now.steps + steps)
    return found


def moments(plan: Plan, game: GamePlan, batch: int, begins: Clock, ends: Clock | None) -> list[Clock]:
    """The clock as a stage begins, and whenever in it, before it or the run ends, something comes or goes.

    `batch` is the stage's; `ends` the clock at the next one, if there is one.
    """
    limits = [_steps_to(plan.length, begins, batch)]
    if ends is not None:
        limits.append(ends.steps - begins.steps)
    changes = {_steps_to(change, begins, batch) for change in _changes(plan, game)}
    later = sorted(steps for steps in changes if 0 < steps < min(limits))
    return [Clock(begins.images + steps * batch, begins.steps + steps) for steps in (0, *later)]


def _steps_to(quantity: Quantity, now: Clock, batch: int) -> int:
    """How many steps of a batch from now on until training is that long."""
    return ceil((quantity.amount - now.reads(quantity)) / (1 if quantity.in_steps else batch))


def _changes(plan: Plan, game: GamePlan) -> Iterator[Quantity]:
    """All that is written after `from` and `until`."""
    players = [(player.start, player.until) for player in game.players.values()]
    terms = [(term.start, term.until) for player in game.players.values() for term in player.terms]
    frozen = [(part.start, part.until) for part in plan.freeze]
    for pair in (*players, *terms, *frozen):
        yield from (quantity for quantity in pair if quantity is not None)

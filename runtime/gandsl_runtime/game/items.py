"""The items of a step: which phase takes new ones from the data, and which sees those of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..plan.game import PhasePlan
from ..plan.schedule import Step
from .sources import Items

if TYPE_CHECKING:
    from .run import GameRun


class StepItems:
    """A main phase takes the next items each time; a lazy one sees those its player's main phase saw last.

    Where the game is fresh by `step`, the first phase takes and all others see the same.
    """

    def __init__(self, run: GameRun, step: Step) -> None:
        self.run, self.step = run, step
        self._seen: dict[str, Items] = {}  # by player; "" by all of them

    def of(self, phase: PhasePlan) -> Items:
        """This process's items for a phase that reads them: images in the plan's range, and labels."""
        if self.run.game.plan.fresh == "step":
            return self._seen.get("") or self._next(("",))
        if phase.every > 1 and (seen := self._seen.get(phase.players[0])):
            return seen
        return self._next(phase.players)

    def _next(self, players: tuple[str, ...]) -> Items:
        run = self.run
        images, labels = run.stream.take(self.step.batch)
        run.samples = run.stream.position
        low, high = run.plan.data.range
        floats = images.to(run.device, non_blocking=True).to(run.dtype).mul_((high - low) / 255).add_(low)
        items = {"Image": floats}
        if labels is not None:
            items["Label"] = labels.to(run.device, non_blocking=True)
        self._seen |= dict.fromkeys(players, items)
        return items

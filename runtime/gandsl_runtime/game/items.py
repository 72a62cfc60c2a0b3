"""The items of a step: which phase takes new ones from the data, and which sees those of another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from ..distributed.group import ProcessGroup, dealt, parts
from ..plan.game import PhasePlan
from ..plan.schedule import Step
from .sources import Items

if TYPE_CHECKING:
    from .run import GameRun


def of_parts(
    items: Items, group: ProcessGroup, batch: int, count: int, at_a_time: int | None
) -> Iterator[Items]:
    """The items of each part of this process: of a term's own batch the first `count` of the step's.

    Where this process is dealt others of these than of the step's batch, they are got from those that have
    them: which items a term sees depends on no number of processes.
    """
    mine, turns = parts(group, count, at_a_time), len(parts(group, batch, at_a_time))
    if group.size == 1 or len(mine) == turns:
        for turn, part in enumerate(mine):
            yield {kind: rows[turn :: len(mine)][: part.count] for kind, rows in items.items()}
        return
    places = dealt(group, batch, at_a_time)
    first = {kind: _gathered(rows, places, count, group) for kind, rows in items.items()}
    for part in mine:
        yield {kind: part.of(rows) for kind, rows in first.items()}


def _gathered(rows: Tensor, places: Sequence[int], count: int, group: ProcessGroup) -> Tensor:
    """[count, …] of the rows that all processes have, each at its place in the batch."""
    found = rows.new_zeros(count, *rows.shape[1:])
    for row, place in zip(rows, places, strict=True):
        if place < count:
            found[place] = row
    group.sum_in_place(found)
    return found


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

"""The items of a step: which phase takes new ones from the data, and which sees those of another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from ..data.cast import cast
from ..distributed.group import ProcessGroup, dealt, parts
from ..plan.game import DataField, PhasePlan
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
            yield {field: rows[turn :: len(mine)][: part.count] for field, rows in items.items()}
        return
    places = dealt(group, batch, at_a_time)
    first = {field: _gathered(rows, places, count, group) for field, rows in items.items()}
    for part in mine:
        yield {field: part.of(rows) for field, rows in first.items()}


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
        self._seen: dict[tuple[str, str], Items] = {}  # by player ("": all of them) and stream

    def of(self, phase: PhasePlan, fields: Iterable[str]) -> Items:
        """This process's items for a phase that reads these fields: all fields of the streams they are of."""
        streams = self.run.game.plan.streams
        read = set(fields)
        found: dict[str, Tensor] = {}
        for key, own in streams.items():
            if not read.isdisjoint(own):
                found |= self._of_stream(phase, key, own)
        return found

    def _of_stream(self, phase: PhasePlan, key: str, fields: Mapping[str, DataField]) -> Items:
        if self.run.game.plan.fresh == "step":
            return self._seen.get(("", key)) or self._next(("",), key, fields)
        if phase.every > 1 and (seen := self._seen.get((phase.players[0], key))):
            return seen
        return self._next(phase.players, key, fields)

    def _next(self, players: tuple[str, ...], key: str, fields: Mapping[str, DataField]) -> Items:
        run = self.run
        batch = run.stream_of(key).take(self.step.batch)
        run.samples = run.stream.position
        items = cast(fields, batch.of(fields), run.plan.data.range, run.dtype, run.device)
        self._seen |= dict.fromkeys(((player, key) for player in players), items)
        return items

"""Pools: samples of before, which a game shows again in place of those that it has just made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ..distributed.group import ProcessGroup
from ..plan.game import GamePool
from ..rng import Draws, Key, Part
from .program import Kept

POOL, FILLED = "pool", "filled"  # what a checkpoint has of each, beside its id


@dataclass
class Pool:
    """Rows [size, *shape], of which the first `filled` are samples."""

    rows: Tensor
    filled: int = 0

    @property
    def full(self) -> bool:
        return self.filled == len(self.rows)


@dataclass
class MadeForPool:
    """What one pass has made for a pool, so far: rows of this process at their places in the batch."""

    key: Key
    total: int
    rows: list[tuple[Part, Tensor]]


class Pools:
    """The pools of a game, by the id of the node that replays; the same in all processes.

    They are read as the step began, and written when it ends, in the order of places: so that splitting a
    batch changes nothing. As long as a pool has room its samples stay; then each takes the place of one by a
    fair coin, and that one is shown. Phases that see the same draws (those of one step, where the game is
    fresh by step) make the same samples, of which the first are kept.
    """

    def __init__(self, pools: Iterable[GamePool], device: torch.device, dtype: torch.dtype) -> None:
        self.pools = {
            pool.id: Pool(torch.zeros(pool.size, *pool.shape, device=device, dtype=dtype)) for pool in pools
        }
        self._shown: dict[str, list[MadeForPool]] = {}

    def tensor(self, source: Kept, draws: Draws) -> Tensor:
        """What a pass takes of a pool: kept samples [n, *shape], or where they are shown [n]."""
        pool = self._of(source.pool, source.shape)
        if source.instead:
            shown = (
                _coin(source.pool, draws) if pool.full else torch.zeros(draws.part.count, device=draws.device)
            )
            return shown.to(draws.dtype)
        return pool.rows[_places(source.pool, draws, len(pool.rows))]

    def begin(self, ids: Iterable[str], key: Key, total: int) -> list[str]:
        """The pools among `ids` that keep what a pass makes with these draws."""
        found = []
        for id_ in dict.fromkeys(ids):
            before = self._shown.setdefault(id_, [])
            if all(shown.key != key for shown in before):
                before.append(MadeForPool(key, total, []))
                found.append(id_)
        return found

    def show(self, id_: str, part: Part, rows: Tensor) -> None:
        """Samples of a part [n, *shape] are made."""
        self._shown[id_][-1].rows.append((part, rows))

    def leave(self, group: ProcessGroup) -> None:
        """The end of a step: keep what was made in it."""
        for id_, passes in self._shown.items():
            full = self.pools[id_].full  # as it was shown
            for shown in passes:
                self._keep(id_, shown, full, group)
        self._shown = {}

    def _keep(self, id_: str, shown: MadeForPool, full: bool, group: ProcessGroup) -> None:
        pool = self.pools[id_]
        made = pool.rows.new_zeros(shown.total, *pool.rows.shape[1:])
        for part, rows in shown.rows:
            made[part.start :: part.step] = rows.to(made.dtype)
        group.sum_in_place(made)
        if not full:
            room = made[: len(pool.rows) - pool.filled]
            pool.rows[pool.filled : pool.filled + len(room)] = room
            pool.filled += len(room)
            return
        draws = Draws(made.device, made.dtype, Part.whole(shown.total), shown.key)
        coins, places = _coin(id_, draws).tolist(), _places(id_, draws, len(pool.rows)).tolist()
        last = {place: at for at, (coin, place) in enumerate(zip(coins, places, strict=True)) if coin}
        pool.rows[list(last)] = made[list(last.values())]

    def _of(self, id_: str, shape: tuple[int, ...]) -> Pool:
        """The pool of an id; an empty one where samples have come to be of another size."""
        pool = self.pools[id_]
        if pool.rows.shape[1:] != shape:
            self.pools[id_] = pool = Pool(pool.rows.new_zeros(len(pool.rows), *shape))
        return pool

    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint holds: `ID.pool` [size, *shape], `ID.filled` []."""
        found = {}
        for id_, pool in self.pools.items():
            found[f"{id_}.{POOL}"] = pool.rows
            found[f"{id_}.{FILLED}"] = torch.tensor(pool.filled)
        return found

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over what `tensors` gave; a pool that is not in it is empty, as it began."""
        self._shown = {}
        for id_, pool in self.pools.items():
            if (rows := tensors.get(f"{id_}.{POOL}")) is not None:
                self.pools[id_] = Pool(rows.to(pool.rows, copy=True), int(tensors[f"{id_}.{FILLED}"]))


def _coin(id_: str, draws: Draws) -> Tensor:
    """[n] of a fair coin."""
    return draws.uniform(f"{id_}.coin") < 0.5


def _places(id_: str, draws: Draws, size: int) -> Tensor:
    """[n] int64, from 0 to size − 1."""
    return draws.integers(f"{id_}.place", 0, size - 1)

"""Pools of samples as docs/game.md has them, as lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from gandsl_runtime.rng import Draws, Key, Part

Made = dict[tuple[str, int], Tensor]  # pool and place in the batch → a sample


@dataclass
class Pools:
    """`sizes` by node. A step reads them as it began, and what it made comes into them when it ends."""

    sizes: Mapping[str, int]
    rows: dict[str, list[Tensor]] = field(default_factory=dict)
    made: list[tuple[Key, int, Made]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rows = {name: [] for name in self.sizes}

    def begin(self, key: Key, batch: int) -> Made:
        """Where a pass puts what it made."""
        found: Made = {}
        self.made.append((key, batch, found))
        return found

    def shown(self, name: str, made: Tensor, draws: Draws) -> Tensor:
        """A full pool gives a sample of before for every second one that was made, by chance."""
        rows, coins, places = self.rows[name], *self.chances(name, draws)
        full = len(rows) == self.sizes[name]
        found = [
            rows[at] if full and coin else own for own, coin, at in zip(made, coins, places, strict=True)
        ]
        return torch.stack(found)

    def chances(self, name: str, draws: Draws) -> tuple[list[bool], list[int]]:
        coins = draws.uniform(f"{name}.coin") < 0.5
        return coins.tolist(), draws.integers(f"{name}.place", 0, self.sizes[name] - 1).tolist()

    def keep(self) -> None:
        """The end of a step. Of the same draws' samples the first ones are kept."""
        for name, size in self.sizes.items():
            rows, seen = self.rows[name], set[Key]()
            full = len(rows) == size
            for key, batch, made in self.made:
                if key in seen or (name, 0) not in made:
                    continue
                seen.add(key)
                draws = Draws(torch.device("cpu"), torch.float64, Part.whole(batch), key)
                for place, (coin, at) in enumerate(zip(*self.chances(name, draws), strict=True)):
                    if full and coin:
                        rows[at] = made[name, place]
                    elif not full and len(rows) < size:
                        rows.append(made[name, place])
        self.made = []

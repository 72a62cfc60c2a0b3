"""The fixed set of latents and real images that the guard looks at, and what a game makes of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..data.looked_at import Sets, as_items, by_stream, row_of
from ..distributed.group import parts as shares
from ..errors import DataError
from ..game.views import look
from ..plan.schedule import Step
from . import measure

if TYPE_CHECKING:
    from ..game.run import GameRun

FEWEST_OF_A_CLASS = 8


@dataclass
class Probe:
    """`count` real images, as many latents of the same classes. Every call measures the same set.

    What a game watches of `real` and `fake` (logits), `samples` and `items` (images) is measured; what lacks
    is left out.
    """

    run: GameRun
    data: Sets
    count: int
    _rows: dict[str, np.ndarray] | None = field(default=None, init=False)  # [N, …] by field, as read
    _labels: Tensor | None = field(default=None, init=False)

    def measured(self, step: Step) -> dict[str, Tensor]:
        """Diversity of samples and D's logits, by the names of their series; nothing without two images."""
        if self._rows is None:
            self._rows, self._labels = self._read()
        if len(next(iter(self._rows.values()), ())) < 2:
            return {}
        watched = self._watched(step)
        said = {name: _flat(watched[name]) for name in ("real", "fake") if name in watched}
        absolute = self.run.game.plan_at(step.stage).boundary is not None
        found = {
            f"logits/{name}": value
            for name, value in measure.logits(said.get("real"), said.get("fake"), absolute).items()
        }
        if "samples" in watched and "items" in watched:  # of several sizes the last
            one, other = watched["samples"][-1], watched["items"][-1]
            diversity = measure.diversity(one, other, self._labels)
            found = {f"diversity/{name}": value for name, value in diversity.items()} | found
        return found

    def _watched(self, step: Step) -> dict[str, list[Tensor]]:
        """The tensors of each name: heads, scales.

        Networks are given as many samples as in training, as their statistics of a batch want it.
        """
        run, rows = self.run, self._rows
        assert rows is not None
        watches = run.game.plan_at(step.stage).watches
        if not watches:
            return {}
        like = torch.zeros((), dtype=run.dtype, device=run.device)
        items = as_items(rows, run.game.plan, run.plan.data.range, like)
        given = shares(run.group, step.batch, run.plan.micro_batch)[0].count
        seeds = range(len(next(iter(rows.values()))))
        found = look(run, tuple(watches.values()), step, seeds, items=items, labels=self._labels, batch=given)
        named: dict[str, list[Tensor]] = {}
        for name, value in zip(watches, found, strict=True):
            named.setdefault(re.sub(r"\d+$", "", name), []).append(value)
        return named

    def _read(self) -> tuple[dict[str, np.ndarray], Tensor | None]:
        """The chosen items that can be read; the trainer complains of the others when it comes to them.

        Of each stream as many, by field; and the classes of the first.
        """
        game = self.run.game.plan
        found, kept = dict[str, list[np.ndarray]](), list[int]()
        for place, (key, data) in enumerate(by_stream(self.data, game).items()):
            labels = data.labels if game.classes and not place else None
            for index in chosen(labels, len(data), self.count):
                try:
                    row = row_of(data, index, game.streams[key])
                except DataError:
                    continue
                for name, array in row.items():
                    found.setdefault(name, []).append(array)
                kept += [] if place else [index]
        most = min(map(len, found.values()), default=0)
        first = next(iter(by_stream(self.data, game).values()))
        classes = first.labels if game.classes else None
        return (
            {name: np.stack(arrays[:most]) for name, arrays in found.items()},
            None if classes is None else torch.from_numpy(classes[kept[:most]]).to(self.run.device),
        )


def chosen(labels: np.ndarray | None, images: int, count: int) -> list[int]:
    """At most `count` of `images`: any, or as many of each of several classes, 8 or more where there are."""
    order = np.random.Generator(np.random.PCG64(0)).permutation(images)
    if labels is None:
        return [int(index) for index in order[:count]]
    classes = np.unique(labels)
    many = max(min(count // FEWEST_OF_A_CLASS, len(classes)), 1)
    some = classes[np.linspace(0, len(classes) - 1, many).round().astype(int)]
    of_each = [order[labels[order] == one][: count // many] for one in some]
    return [int(index) for group in of_each for index in group]


def _flat(heads: list[Tensor]) -> Tensor:
    """Logits of all heads (N, …), each image's in a row."""
    return torch.cat([head.flatten(1).float() for head in heads], dim=1)

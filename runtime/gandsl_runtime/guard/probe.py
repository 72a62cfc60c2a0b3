"""The fixed set of latents and real images that the guard looks at, and what a game makes of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..data import Dataset
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
    data: Dataset
    count: int
    _pixels: Tensor | None = field(default=None, init=False)  # uint8 (N, c, h, w)
    _labels: Tensor | None = field(default=None, init=False)

    def measured(self, step: Step) -> dict[str, Tensor]:
        """Diversity of samples and D's logits, by the names of their series; nothing without two images."""
        if self._pixels is None:
            self._pixels, self._labels = self._read()
        if len(self._pixels) < 2:
            return {}
        watched = self._watched(step)
        said = {name: _flat(watched[name]) for name in ("real", "fake") if name in watched}
        loss = self.run.plan.loss
        absolute = loss is not None and loss.boundary is not None
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
        run, pixels = self.run, self._pixels
        assert pixels is not None
        watches = run.game.plan_at(step.stage).watches
        if not watches:
            return {}
        low, high = run.plan.data.range
        items = {"Image": pixels.to(run.dtype).mul_((high - low) / 255).add_(low)}
        if self._labels is not None:
            items["Label"] = self._labels
        given = shares(run.group, step.batch, run.plan.micro_batch)[0].count
        seeds = range(len(pixels))
        found = look(run, tuple(watches.values()), step, seeds, items=items, labels=self._labels, batch=given)
        named: dict[str, list[Tensor]] = {}
        for name, value in zip(watches, found, strict=True):
            named.setdefault(re.sub(r"\d+$", "", name), []).append(value)
        return named

    def _read(self) -> tuple[Tensor, Tensor | None]:
        """The chosen images that can be read; the trainer complains of the others when it comes to them."""
        images, kept = [], []
        for index in chosen(self._classes(), len(self.data), self.count):
            try:
                images.append(torch.tensor(self.data.image(index)))
            except DataError:
                continue
            kept.append(index)
        labels, device = self._classes(), self.run.device
        return (
            torch.stack(images).to(device) if images else torch.empty(0),
            None if labels is None else torch.from_numpy(labels[kept]).to(device),
        )

    def _classes(self) -> np.ndarray | None:
        return self.data.labels if self.run.game.plan.classes else None


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

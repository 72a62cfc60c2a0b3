"""The fixed set of latents and real images that the guard looks at, and what the networks make of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from ..data import Dataset
from ..distributed.group import ProcessGroup
from ..distributed.group import parts as shares
from ..errors import DataError
from ..plan.schedule import Step, batch
from ..programs import Images, call, classes_of
from ..sample.sampler import Latents, Sampler, parts
from ..training.game import TwoPlayerGame
from ..training.verdict import verdict
from . import measure

FEWEST_OF_A_CLASS = 8


@dataclass
class Probe:
    """`count` real images, as many latents of the same classes. Every call measures the same set."""

    game: TwoPlayerGame
    data: Dataset
    count: int
    group: ProcessGroup = field(default_factory=ProcessGroup)
    _pixels: Tensor | None = field(default=None, init=False)  # uint8 (N, c, h, w)
    _labels: Tensor | None = field(default=None, init=False)
    _latents: Latents | None = field(default=None, init=False)

    def measured(self, step: Step | None = None) -> dict[str, Tensor]:
        """Diversity of samples and D's logits, by the names of their series; nothing without two images."""
        if self._pixels is None:
            self._pixels, self._labels = self._read()
        if len(self._pixels) < 2:
            return {}
        game, labels = self.game, self._labels
        low, high = game.plan.data.range
        real = game.scales(self._pixels.to(game.dtype).mul_((high - low) / 255).add_(low))
        fake = self._samples(len(self._pixels))
        loss = game.plan.loss
        absolute = loss is not None and loss.boundary is not None
        found = measure.diversity(fake[-1], real[-1], labels)
        said = measure.logits(self._judged(real), self._judged(fake), absolute)
        return {f"diversity/{name}": value for name, value in found.items()} | {
            f"logits/{name}": value for name, value in said.items()
        }

    def _samples(self, count: int) -> Images:
        sampler = Sampler(self.game.generator, noise="constant", stage=self.game.stage)
        self._latents = self._latents or sampler.latents(range(count))
        latents, labels = self._latents, self._labels
        with sampler.ready(0):
            made = [
                sampler.images(tuple(z[part] for z in latents), None if labels is None else labels[part])
                for part in parts(count, self._at_a_time)
            ]
        return tuple(torch.cat(pieces) for pieces in zip(*made, strict=True))

    def _judged(self, images: Images) -> Tensor:
        """D's logits of all heads (N, …), each image's in a row.

        D is given as many images as in training, as its statistics of a batch want it; the first ones once
        more where the last batch is not full. It runs eager: in evaluation mode it would be compiled anew.
        """
        game, labels, count = self.game, self._labels, len(images[0])
        given = shares(self.group, self._batch, game.plan.micro_batch)[0].count
        said = []
        with evaluated(game.discriminator), torch.no_grad():
            for begin in range(0, count, given):
                part = torch.arange(begin, begin + given, device=images[0].device) % count
                shown = game.judged(
                    tuple(image[part] for image in images), None if labels is None else labels[part]
                )
                outputs = call(game.discriminator, "forward", game.stage, shown)
                heads = verdict(game.plan, game.discriminator, outputs).heads
                said.append(torch.cat([head.flatten(1).float() for head in heads], dim=1))
        return torch.cat(said)[:count]

    @property
    def _batch(self) -> int:
        return batch(self.game.plan, self.game.generator.levels, self.game.stage)

    @property
    def _at_a_time(self) -> int:
        """How many at a time: without gradients there is memory for more than in a step."""
        return 4 * (self.game.plan.micro_batch or self._batch)

    def _read(self) -> tuple[Tensor, Tensor | None]:
        """The chosen images that can be read; the trainer complains of the others when it comes to them."""
        images, kept = [], []
        for index in chosen(self._classes(), len(self.data), self.count):
            try:
                images.append(torch.tensor(self.data.image(index)))
            except DataError:
                continue
            kept.append(index)
        labels = self._classes()
        device = self.game.device
        return (
            torch.stack(images).to(device) if images else torch.empty(0),
            None if labels is None else torch.from_numpy(labels[kept]).to(device),
        )

    def _classes(self) -> np.ndarray | None:
        return self.data.labels if classes_of(self.game.generator) else None


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


@contextmanager
def evaluated(network: nn.Module) -> Iterator[None]:
    """Evaluation mode inside the block; afterwards each module is as it was."""
    training = {module: module.training for module in network.modules()}
    network.eval()
    try:
        yield
    finally:
        for module, was in training.items():
            module.training = was

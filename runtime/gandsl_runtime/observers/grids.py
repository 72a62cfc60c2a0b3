"""Writes a grid of samples at the plan's cadence: the same latents each time, one row a class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..data.dataset import IN_A_ROW, Dataset
from ..errors import DataError
from ..media import images
from ..network import Network
from ..plan import Plan, schedule
from ..plan.schedule import Stage
from ..sample import sample
from ..training.game import classes_of
from .base import Observer

if TYPE_CHECKING:
    from ..plan.schedule import Step
    from .base import Run

MOST_CLASSES = 20
REALS = "reals.png"  # of the training images, in the same layout


class Grids(Observer):
    """`<folder>/<images shown>.png`, one of what an untrained generator gives at 0, and `reals.png`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.last: Path | None = None  # that was written

    def begin(self, run: Run) -> None:
        reals = self.folder / REALS
        if not reals.exists():
            write_reals(reals, run.data, run.state.generator, run.state.seed)
        if run.state.clock.steps == 0:
            run.game.stage = schedule.step(run.plan, run.state.generator.levels, run.state.clock).stage
            self._write(run)

    def after(self, step: Step, run: Run) -> None:
        last = schedule.reached(run.plan.length, run.state.clock)
        if last or schedule.due(run.plan.cadence.grid, step.clock, run.state.clock):
            self._write(run)

    def _write(self, run: Run) -> None:
        self.last = self.folder / f"{run.state.clock.images:012d}.png"
        write_grid(self.last, run.state.sampler, run.plan, stage=run.game.stage)


def layout(generator: Network, columns: int | None = None) -> tuple[int, list[int | None]]:
    """The columns of a grid, and the class of each row (None: no labels)."""
    columns = columns or (10 if generator.outputs[-1].shape[-1] <= 128 else 6)
    classes = min(classes_of(generator), MOST_CLASSES)
    return columns, list(range(classes)) if classes else [None] * max(columns * 3 // 5, 1)


def write_reals(path: Path, data: Dataset, generator: Network, seed: int) -> None:
    """Write a PNG of training images as the discriminator sees them, in the layout of `write_grid`.

    Which they are is drawn by the seed. Places stay black where a class has fewer that can be read.
    """
    columns, rows = layout(generator)
    order = np.random.default_rng(seed).permutation(len(data))
    pixels = np.zeros((len(rows) * columns, *data.shape), dtype=np.uint8)
    for first, label in ((0, None),) if None in rows else enumerate(rows):
        of_class = order if label is None or data.labels is None else order[data.labels[order] == label]
        room = len(pixels) if label is None else columns
        for place, image in enumerate(_readable(data, of_class, room)):
            pixels[first * columns + place] = image
    images.save(images.grid(torch.from_numpy(pixels), columns), path)


def _readable(data: Dataset, indices: Iterable[int], count: int) -> Iterator[np.ndarray]:
    """Images of a set, at most so many; the trainer complains of broken ones when it comes to them."""
    for index in islice(indices, count + IN_A_ROW):
        if not count:
            return
        try:
            image = data.image(index)
        except DataError:
            continue
        count -= 1
        yield image


def write_grid(
    path: Path,
    generator: Network,
    plan: Plan,
    *,
    columns: int | None = None,
    stage: Stage | None = None,
) -> list[int | None]:
    """Write a PNG of samples of the generator's last output; gives the class of each row (None: no labels).

    Rows are classes (the first 20) with one latent a column, or, without labels, more latents.
    """
    port = generator.outputs[-1]
    columns, rows = layout(generator, columns)
    classes = min(classes_of(generator), MOST_CLASSES)
    # a conditional grid shows the same latents in each class, so that a column compares them
    seeds = [
        (0 if classes else row * columns) + column for row in range(len(rows)) for column in range(columns)
    ]
    labels = [row for row in range(classes) for _ in range(columns)] if classes else None
    drawn = sample(generator, seeds, labels, noise="constant", stage=stage)[-1]
    shown = images.enlarged(drawn, port.shape[1:])
    images.save(images.grid(images.to_pixels(shown, *plan.data.range), columns), path)
    return rows

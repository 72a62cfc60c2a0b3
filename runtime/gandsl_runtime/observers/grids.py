"""Writes a grid of what the game shows at the plan's cadence: the same latents each time, one row a class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..data.dataset import IN_A_ROW, Dataset
from ..errors import DataError
from ..game.views import draws_labels, look, reads_items
from ..media import images
from ..plan import schedule
from ..plan.schedule import Stage
from .base import Observer

if TYPE_CHECKING:
    from ..game.run import GameRun
    from ..plan.schedule import Step
    from .base import Run

MOST_CLASSES = 20
AT_A_TIME = 32  # samples
REALS = "reals.png"  # of the training images, in the same layout


@dataclass(frozen=True)
class GridLayout:
    """`columns` of images, and the class of each row (None: no labels)."""

    columns: int
    rows: tuple[int | None, ...]

    @classmethod
    def of(cls, width: int, classes: int, columns: int | None = None) -> GridLayout:
        """What suits images of a width: a row a class (the first 20), or more images without labels."""
        columns = columns or (10 if width <= 128 else 6)
        classes = min(classes, MOST_CLASSES)
        return cls(columns, tuple(range(classes)) or (None,) * max(columns * 3 // 5, 1))

    @property
    def labels(self) -> list[int] | None:
        """The class of each image."""
        found = [row for row in self.rows if row is not None for _ in range(self.columns)]
        return found or None

    @property
    def seeds(self) -> list[int]:
        """The seed of each image: of labels the same in each row, so that a column compares them."""
        place = 0 if self.labels else self.columns
        return [row * place + column for row in range(len(self.rows)) for column in range(self.columns)]


class Grids(Observer):
    """`<folder>/<images shown>.png`, one of what untrained networks give at 0, and `reals.png`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.last: Path | None = None  # that was written

    def begin(self, run: Run) -> None:
        reals = self.folder / REALS
        if not reals.exists():
            width, classes = run.data.shape[-1], run.state.game.plan.classes
            write_reals(reals, run.data, GridLayout.of(width, classes), run.state.seed)
        if run.state.clock.steps == 0:
            self._write(run, run.state.now())

    def after(self, step: Step, run: Run) -> None:
        last = schedule.reached(run.plan.length, run.state.clock)
        if last or schedule.due(run.plan.cadence.grid, step.clock, run.state.clock):
            self._write(run, step)

    def _write(self, run: Run, step: Step) -> None:
        path = self.folder / f"{run.state.clock.images:012d}.png"
        if run.state.game.plan_at(step.stage).shows:
            write_shown(path, run.state, run.data, step)
            self.last = path


def write_shown(
    path: Path, run: GameRun, data: Dataset, step: Step, columns: int | None = None
) -> GridLayout:
    """Write a PNG of the images that a game shows, of averages where there are any; gives its layout.

    Several are grids side by side. A row is a class with one latent a column, or, without labels, more
    latents; items of the data are those of `reals.png`.
    """
    nodes = run.game.plan_at(step.stage).shows
    program = run.game.view_program(nodes, step.stage, True)
    reads = reads_items(program)
    classes = run.game.plan.classes if reads or draws_labels(program) else 0
    layout = GridLayout.of(data.shape[-1], classes, columns)
    labels = None if layout.labels is None else torch.tensor(layout.labels, device=run.device)
    items = {} if labels is None else {"Label": labels}
    low, high = run.plan.data.range
    if reads:
        pixels = torch.from_numpy(real_pixels(data, layout, run.seed)).to(run.device, run.dtype)
        items["Image"] = pixels * ((high - low) / 255) + low
    batch = min(AT_A_TIME, len(layout.seeds))
    found = look(run, nodes, step, layout.seeds, items=items, labels=labels, average=True, batch=batch)
    shown = _alike([images.to_pixels(one, low, high) for one in _enlarged(run, step.stage, found)])
    rows = [torch.cat(parts) for parts in zip(*(one.split(layout.columns) for one in shown), strict=True)]
    images.save(images.grid(torch.cat(rows), layout.columns * len(shown)), path)
    return layout


def _enlarged(run: GameRun, stage: Stage, found: Iterable[Tensor]) -> Iterator[Tensor]:
    """Images of a level as large as those of the last one."""
    for one in found:
        size = tuple(one.shape[2:])
        if stage.level is not None:
            now, last = run.levels[stage.level], run.levels[-1]
            size = tuple(side * full // own for side, full, own in zip(size, last, now, strict=True))
        yield images.enlarged(one, size)


def _alike(shown: list[Tensor]) -> list[Tensor]:
    """Pixels (N, c, h, w) of several kinds with as many channels, as large as the largest."""
    channels, *size = (max(one.shape[axis] for one in shown) for axis in (1, 2, 3))
    wide = (one.expand(-1, channels, -1, -1) if one.shape[1] == 1 else one for one in shown)
    padded = (torch.cat([x, x.new_zeros(len(x), channels - x.shape[1], *x.shape[2:])], 1) for x in wide)
    return [images.enlarged(one, tuple(size)) for one in padded]


def write_reals(path: Path, data: Dataset, layout: GridLayout, seed: int) -> None:
    """Write a PNG of training images as networks see them, in the layout of what is shown.

    Which they are is drawn by the seed. Places stay black where a class has fewer that can be read.
    """
    images.save(images.grid(torch.from_numpy(real_pixels(data, layout, seed)), layout.columns), path)


def real_pixels(data: Dataset, layout: GridLayout, seed: int) -> np.ndarray:
    """uint8 (N, c, h, w): images of a set for each place of a layout; black where there are too few."""
    columns, rows = layout.columns, layout.rows
    order = np.random.default_rng(seed).permutation(len(data))
    pixels = np.zeros((len(rows) * columns, *data.shape), dtype=np.uint8)
    for first, label in ((0, None),) if None in rows else enumerate(rows):
        of_class = order if label is None or data.labels is None else order[data.labels[order] == label]
        room = len(pixels) if label is None else columns
        for place, image in enumerate(_readable(data, of_class, room)):
            pixels[first * columns + place] = image
    return pixels


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

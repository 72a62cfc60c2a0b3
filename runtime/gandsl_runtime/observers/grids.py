"""Writes a grid of what the game shows at the plan's cadence: the same latents each time, one row a class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..data.dataset import Dataset
from ..data.looked_at import Sets, as_items, by_stream, laid_out
from ..game.views import draws_labels, look, reads_items
from ..media import images
from ..plan import schedule
from ..plan.game import DataField, GamePlan
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
            game = run.state.game.plan
            sets = run.data if isinstance(run.data, Dataset) and len(run.sets) == 1 else run.sets
            write_reals(
                reals, sets, GridLayout.of(_width(run.sets, game), game.classes), run.state.seed, game
            )
        if run.state.clock.steps == 0:
            self._write(run, run.state.now())

    def after(self, step: Step, run: Run) -> None:
        last = schedule.reached(run.plan.length, run.state.clock)
        if last or schedule.due(run.plan.cadence.grid, step.clock, run.state.clock):
            self._write(run, step)

    def _write(self, run: Run, step: Step) -> None:
        path = self.folder / f"{run.state.clock.images:012d}.png"
        if run.state.game.plan_at(step.stage).shows:
            write_shown(path, run.state, run.sets, step)
            self.last = path


def write_shown(path: Path, run: GameRun, sets: Sets, step: Step, columns: int | None = None) -> GridLayout:
    """Write a PNG of the images that a game shows, of averages where there are any; gives its layout.

    Several are grids side by side. A row is a class with one latent a column, or, without labels, more
    latents; items of the data are those of `reals.png`.
    """
    nodes, game = run.game.plan_at(step.stage).shows, run.game.plan
    program = run.game.view_program(nodes, step.stage, True)
    reads = reads_items(program)
    classes = game.classes if reads or draws_labels(program) else 0
    layout = GridLayout.of(_width(sets, game), classes, columns)
    labels = None if layout.labels is None else torch.tensor(layout.labels, device=run.device)
    low, high = run.plan.data.range
    items: dict[str, Tensor] = {}
    for key, data in by_stream(sets, game).items() if reads else ():
        fields = game.streams[key]
        rows = laid_out(data, fields, layout.rows, layout.columns, run.seed)
        items |= as_items(rows, game, (low, high), torch.zeros((), dtype=run.dtype, device=run.device))
        if labels is not None and isinstance(data, Dataset):  # of black places, too
            items |= {name: labels for name, of in fields.items() if of.kind == "Label"}
    batch = min(AT_A_TIME, len(layout.seeds))
    found = look(run, nodes, step, layout.seeds, items=items, labels=labels, average=True, batch=batch)
    planes = [images.planar(one, low, high) for one in _enlarged(run, step.stage, found)]
    shown = _alike([images.to_pixels(one, low, high) for one in planes])
    _save(shown, layout, path)
    return layout


def _width(sets: Sets, game: GamePlan) -> int:
    """Of the images that set the layout: those of the data, as they were opened."""
    if isinstance(sets, Dataset):
        return sets.shape[-1]
    first = next(iter(by_stream(sets, game).values()))
    return first.shape[-1] if isinstance(first, Dataset) else (game.image or (32,))[-1]


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


def write_reals(path: Path, sets: Sets, layout: GridLayout, seed: int, game: GamePlan | None = None) -> None:
    """Write a PNG of training images as networks see them, in the layout of what is shown.

    Which they are is drawn by the seed. Places stay black where a class has fewer that can be read. Several
    images of an item, or of several sets, are grids side by side.
    """
    if isinstance(sets, Dataset):
        images.save(images.grid(torch.from_numpy(real_pixels(sets, layout, seed)), layout.columns), path)
        return
    assert game is not None
    shown = []
    for key, data in by_stream(sets, game).items():
        pictures = {name: of for name, of in game.streams[key].items() if of.kind == "Image"}
        if pictures:
            rows = laid_out(data, game.streams[key], layout.rows, layout.columns, seed)
            cast_ = as_items({name: rows[name] for name in pictures}, game, (0.0, 1.0), torch.zeros(()))
            shown += [images.to_pixels(one, 0.0, 1.0) for one in cast_.values()]
    if shown:
        _save(_alike(shown), layout, path)


def real_pixels(data: Dataset, layout: GridLayout, seed: int) -> np.ndarray:
    """uint8 (N, c, h, w): images of a set for each place of a layout; black where there are too few."""
    fields = {"image": DataField("Image", data.shape)}
    return laid_out(data, fields, layout.rows, layout.columns, seed)["image"]


def _save(shown: list[Tensor], layout: GridLayout, path: Path) -> None:
    """Grids side by side."""
    rows = [torch.cat(parts) for parts in zip(*(one.split(layout.columns) for one in shown), strict=True)]
    images.save(images.grid(torch.cat(rows), layout.columns * len(shown)), path)

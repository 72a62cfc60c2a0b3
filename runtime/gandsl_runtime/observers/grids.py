"""Writes a grid of samples at the plan's cadence: the same latents each time, one row a class."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .. import images, schedule
from ..game import classes_of
from ..network import Network
from ..plan import Plan
from ..sample import sample
from ..schedule import Stage
from .base import Observer

if TYPE_CHECKING:
    from ..schedule import Step
    from ..trainer import Trainer

MOST_CLASSES = 20


class Grids(Observer):
    """`<folder>/<images shown>.png`, and one of what an untrained generator gives at 0."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.last: Path | None = None  # that was written

    def begin(self, run: Trainer) -> None:
        if run.state.clock.steps == 0:
            run.game.stage = schedule.step(run.plan, run.state.generator.levels, run.state.clock).stage
            self._write(run)

    def after(self, step: Step, run: Trainer) -> None:
        last = schedule.reached(run.plan.length, run.state.clock)
        if last or schedule.due(run.plan.cadence.grid, step.clock, run.state.clock):
            self._write(run)

    def _write(self, run: Trainer) -> None:
        self.last = self.folder / f"{run.state.clock.images:012d}.png"
        write_grid(self.last, run.state.sampler, run.plan, stage=run.game.stage)


def write_grid(
    path: Path,
    generator: Network,
    plan: Plan,
    *,
    columns: int | None = None,
    first_seed: int = 0,
    truncation: float | None = None,
    cutoff: int | None = None,
    stage: Stage | None = None,
) -> list[int | None]:
    """Write a PNG of samples of the generator's last output; gives the class of each row (None: no labels).

    Rows are classes (the first 20) with one latent a column, or, without labels, more latents.
    """
    port = generator.outputs[-1]
    columns = columns or (10 if port.shape[-1] <= 128 else 6)
    classes = min(classes_of(generator), MOST_CLASSES)
    rows: list[int | None] = list(range(classes)) if classes else [None] * max(columns * 3 // 5, 1)
    # a conditional grid shows the same latents in each class, so that a column compares them
    seeds = [
        first_seed + (0 if classes else row * columns) + column
        for row in range(len(rows))
        for column in range(columns)
    ]
    labels = [row for row in range(classes) for _ in range(columns)] if classes else None
    drawn = sample(
        generator, seeds, labels, truncation=truncation, cutoff=cutoff, noise="constant", stage=stage
    )[-1]
    shown = images.enlarged(drawn, port.shape[1:])
    images.save(images.grid(images.to_pixels(shown, *plan.data.range), columns), path)
    return rows

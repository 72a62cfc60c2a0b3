"""What watches a run (`Observer`), and what of a run it may know (`Run`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import torch

    from ..data.identity import ItemSet
    from ..data.readers import Readers
    from ..distributed.group import ProcessGroup
    from ..game.run import GameRun
    from ..guard.status import Status
    from ..plan import Plan, Precision
    from ..plan.game import PhasePlan
    from ..plan.schedule import Step
    from ..runs.header import DataFacts
    from ..runs.record import MachineOptions
    from ..runs.run_dir import RunDir

Record = dict[str, float]


class Guards(Protocol):
    """What stops or takes back a run that collapses, as others see it."""

    @property
    def status(self) -> Status:
        """What it says at this moment."""

    def begin(self, run: Run) -> None:
        """Called before the first step: there has to be a state to go back to."""


class Run(Protocol):
    """A run that trains, as observers, the guard and the files of its folder know it."""

    plan: Plan
    state: GameRun
    data: ItemSet  # of the first stream …
    sets: Mapping[str, ItemSet]  # … and those of all, by their keys
    device: torch.device
    group: ProcessGroup
    precision: Precision  # in force on this device
    readers: Readers
    run_dir: Path | None  # None: nothing is written
    files: RunDir | None
    id: str
    machine: MachineOptions
    fresh: bool  # begun here, and not described yet
    changed: bool  # goes on under another plan, data or spec

    @property
    def phases(self) -> tuple[PhasePlan, ...]:
        """The optimizer steps that there are now, whether due or not."""

    @property
    def images(self) -> DataFacts:
        """What the run records of its images."""

    @property
    def guard(self) -> Guards | None:
        """None where the plan has none."""

    def warn(self, message: str) -> None:
        """Tell the observers what the user should know though the run goes on."""

    def save(self) -> None:
        """Write a checkpoint."""

    def restore(self) -> None:
        """Go back to the newest checkpoint."""


class Observer:
    """Told of each step; does nothing until a subclass says what. It must not change the run."""

    def begin(self, run: Run) -> None:
        """Called before the first step, of a resumed run too."""

    def after(self, step: Step, run: Run) -> None:
        """Called after each step; `run.state.clock` is then one step past `step.clock`."""

    def logged(self, record: Record, run: Run) -> None:
        """Called with the means since the last record at the plan's cadence, and with what `report` gives."""

    def saving(self, run: Run) -> None:
        """Called before a checkpoint is written: what it must not get ahead of goes to the disk now."""

    def warn(self, message: str) -> None:
        """Called with what the user should know though the run goes on."""

    def end(self, run: Run) -> None:
        """Called when the run ends, for whatever reason."""

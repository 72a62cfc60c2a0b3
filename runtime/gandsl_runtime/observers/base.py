"""The interface of an observer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..plan.schedule import Step
    from ..training.trainer import Trainer

Record = dict[str, float]


class Observer:
    """Told of each step; does nothing until a subclass says what. It must not change the run."""

    def begin(self, run: Trainer) -> None:
        """Called before the first step, of a resumed run too."""

    def after(self, step: Step, run: Trainer) -> None:
        """Called after each step; `run.state.clock` is then one step past `step.clock`."""

    def logged(self, record: Record, run: Trainer) -> None:
        """Called with the means since the last record at the plan's cadence, and with what `report` gives."""

    def saving(self, run: Trainer) -> None:
        """Called before a checkpoint is written: what it must not get ahead of goes to the disk now."""

    def warn(self, message: str) -> None:
        """Called with what the user should know though the run goes on."""

    def end(self, run: Trainer) -> None:
        """Called when the run ends, for whatever reason."""

"""Writes a checkpoint at the plan's cadence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import schedule
from .base import Observer

if TYPE_CHECKING:
    from ..schedule import Step
    from ..trainer import Trainer


class Checkpoints(Observer):
    """Saves the whole state; the trainer itself saves at the end and after a signal."""

    def after(self, step: Step, run: Trainer) -> None:
        if schedule.due(run.plan.cadence.checkpoint, step.clock, run.state.clock):
            run.save()

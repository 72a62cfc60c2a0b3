"""A time limit for a run: saves and stops, so that it can be resumed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from gandsl_runtime.observers import Observer

if TYPE_CHECKING:
    from gandsl_runtime.schedule import Step
    from gandsl_runtime.trainer import Trainer


class OutOfTime(Exception):
    """The time is up, and the state is saved."""


class Budget(Observer):
    """Ends the run with OutOfTime at the first step past so many minutes."""

    def __init__(self, minutes: float) -> None:
        self._until = time.monotonic() + 60 * minutes

    def after(self, step: Step, run: Trainer) -> None:
        if time.monotonic() >= self._until:
            run.save()
            raise OutOfTime

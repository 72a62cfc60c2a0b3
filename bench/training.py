"""Trainers of compiled specs as benches make them, and their phases as benches watch them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest import mock

import gandsl
from gandsl_runtime.game import step as steps
from gandsl_runtime.game.run import GameRun
from gandsl_runtime.plan.game import PhasePlan
from gandsl_runtime.plan.schedule import Step
from gandsl_runtime.training.trainer import Trainer

Part = Callable[[str], AbstractContextManager[object]]


def trainer_of(program: gandsl.Program, **given: Any) -> Trainer:
    """Of what a spec trains; `given`: data, and what else a trainer takes by name."""
    assert program.plan is not None and program.game is not None
    return Trainer(program.plan, program.game, **given)


def resumed(folder: Any, program: gandsl.Program, **given: Any) -> Trainer:
    """One that goes on from the run in a folder."""
    assert program.game is not None
    return Trainer.resume(folder, program.game, **given)


@contextmanager
def watched(part: Part) -> Iterator[None]:
    """Inside, each optimizer step is taken in a block of `part`, which is told the label of its phase."""
    take = steps.take

    def taken(run: GameRun, now: Step, phase: PhasePlan, *rest: Any) -> None:
        with part(phase.label):
            take(run, now, phase, *rest)

    with mock.patch.object(steps, "take", taken):
        yield

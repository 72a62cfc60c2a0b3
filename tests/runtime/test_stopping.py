"""`cadence.stop`: a run ends when a value of its log no longer gets better, and a resume remembers which."""

from __future__ import annotations

import pytest

from gandsl_runtime.observers import Observer
from gandsl_runtime.plan.cadence import Stop
from gandsl_runtime.runs import checkpoint
from gandsl_runtime.training.early_stop import EarlyStop
from tests.runtime import nets
from tests.runtime.helpers import arrays, plan
from tests.runtime.networks import ConvDiscriminator, ConvGenerator, seeded


def heard(values, **stop):
    """After which value the run is over; None: after none."""
    waiting = EarlyStop(Stop(metric="f", **stop))
    for place, value in enumerate(values):
        waiting.hear({} if value is None else {"f": value})
        if waiting.over:
            return place
    return None


@pytest.mark.parametrize(
    ("values", "stop", "end"),
    [
        ([5, 4, 3, 2, 1], {"patience": 1}, None),
        ([5, 6], {"patience": 1}, 1),
        ([5, 5], {"patience": 1}, 1),  # an equal one is no better
        ([5, 6, 4, 6, 6], {"patience": 2}, 4),
        ([5, None, 6, None, 7], {"patience": 2}, 4),  # records without the value say nothing
        ([5, 6, 7], {"mode": "max", "patience": 2}, None),
        ([5, 4, 3], {"mode": "max", "patience": 2}, 2),
        ([float("nan"), float("nan")], {"patience": 2}, 1),
        ([float("nan"), 3, float("inf"), 4], {"patience": 2}, 3),
    ],
)
def test_when_it_is_over(values, stop, end):
    assert heard(values, **stop) == end


class Reported(Observer):
    """What would be a metric: better for three steps, then worse."""

    VALUES = {1: 9.0, 2: 8.0, 3: 7.0, 4: 7.5, 5: 7.1, 6: 8.0, 7: 1.0}

    def __init__(self):
        self.said = []

    def after(self, step, run):
        run.report({"metric/f": self.VALUES[run.state.clock.steps]})

    def warn(self, message):
        self.said.append(message)


def trained(folder, length="7 steps", patience=3, resume=False):
    cadence = {"checkpoint": "1 steps", "stop": {"metric": "metric/f", "patience": patience}}
    the_plan, watching = plan(length=length, cadence=cadence), Reported()
    networks = seeded(ConvGenerator), seeded(ConvDiscriminator)
    common = {"plan": the_plan, "data": arrays(), "observing": [watching]}
    if resume:
        trainer = nets.resumed(folder, networks, change=True, **common)
    else:
        trainer = nets.trainer_of(the_plan, networks, data=arrays(), run_dir=folder, observing=[watching])
    return trainer.run(), trainer.state.clock.steps, watching.said


def test_a_run_ends_early(tmp_path):
    finished, steps, said = trained(tmp_path)
    assert finished and steps == 6
    assert said == ["cadence.stop: metric/f came to nothing better than 7 in 3 values, so the run ends here"]
    assert int(checkpoint.newest_path(tmp_path / "checkpoints").stem) == 6 * 4


def test_a_resume_has_not_forgotten(tmp_path):
    """Stopped after the fourth step, with one worse value behind it: two more end it."""
    assert trained(tmp_path, length="4 steps")[:2] == (True, 4)
    assert trained(tmp_path, resume=True)[:2] == (True, 6)


def test_a_run_that_was_over_ends_at_once(tmp_path):
    trained(tmp_path)
    finished, steps, said = trained(tmp_path, resume=True)
    assert (finished, steps, len(said)) == (True, 6, 1)
    assert trained(tmp_path, patience=9, resume=True)[:2] == (True, 7)

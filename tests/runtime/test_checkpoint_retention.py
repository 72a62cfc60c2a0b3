"""Which checkpoints stay: the newest, the best by a value of the log, milestones."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from gandsl_runtime.observers import Observer, standard
from gandsl_runtime.plan import Cadence
from gandsl_runtime.runs import checkpoint
from gandsl_runtime.runs.retention import Saved, staying
from tests.runtime import nets
from tests.runtime.helpers import arrays, plan
from tests.runtime.networks import ConvDiscriminator, ConvGenerator, seeded


def written_one_by_one(values, **cadence):
    """What stays of checkpoints at 10, 20, … images with these values, judged after each is written."""
    saved = []
    for number, value in enumerate(values, 1):
        saved.append(Saved(Path(str(number)), 10 * number, value))
        kept = staying(saved, Cadence.model_validate(cadence))
        saved = [one for one in saved if one.path in kept]
    return [int(one.path.name) for one in saved]


@pytest.mark.parametrize(
    ("values", "cadence", "kept"),
    [
        ([None] * 5, {}, [4, 5]),
        ([None] * 5, {"keep": 1}, [5]),
        ([5, 1, 3, 2, 4], {"keep": 1, "best": {"metric": "f"}}, [2, 5]),
        ([5, 1, 3, 2, 4], {"keep": 1, "best": {"metric": "f", "keep": 2}}, [2, 4, 5]),
        ([5, 1, 3, 2, 4], {"keep": 1, "best": {"metric": "f", "mode": "max"}}, [1, 5]),
        ([1, 1, 1, 1], {"keep": 1, "best": {"metric": "f"}}, [1, 4]),  # of equals the earlier
        ([1, 1, 1, 1], {"keep": 1, "best": {"metric": "f", "mode": "max"}}, [1, 4]),
        ([None, 3, None, float("nan"), 9], {"keep": 1, "best": {"metric": "f", "keep": 3}}, [2, 5]),
        ([None] * 9, {"keep": 1, "milestone": "30 img"}, [3, 6, 9]),
        ([None] * 9, {"keep": 2, "milestone": "25 img"}, [3, 5, 8, 9]),  # the first from 25, 50 and 75 on
        ([None] * 3, {"keep": 1, "milestone": "1 kimg"}, [3]),
    ],
)
def test_what_stays(values, cadence, kept):
    assert written_one_by_one(values, **cadence) == kept


def test_milestones_count_images():
    with pytest.raises(ValidationError, match="counts images, not steps"):
        Cadence.model_validate({"milestone": "10 steps"})


class Metric(Observer):
    """Reports a value after some steps, as an observer that computes a metric does."""

    def __init__(self, values):
        self.values = values

    def after(self, step, run):
        if run.state.clock.steps in self.values:
            run.report({"metric/distance": self.values[run.state.clock.steps]})


VALUES = {2: 7.0, 4: 1.0, 5: 5.0, 8: 3.0, 9: 9.0}  # by steps


def run(run_dir, watching=(), **changes):
    cadence = {"checkpoint": "2 steps", "keep": 1, "best": {"metric": "metric/distance", "keep": 2}}
    networks = seeded(ConvGenerator), seeded(ConvDiscriminator)
    observing = [*watching, Metric(VALUES), *standard(run_dir)]
    the_plan = plan(cadence=cadence, **changes)
    if checkpoint.found_in(run_dir / "checkpoints"):
        trainer = nets.resumed(
            run_dir, networks, plan=the_plan, data=arrays(), observing=observing, change=True
        )
    else:
        trainer = nets.trainer_of(the_plan, networks, data=arrays(), run_dir=run_dir, observing=observing)
    trainer.run()
    return [int(path.stem) // 4 for path in reversed(checkpoint.found_in(run_dir / "checkpoints"))]


def test_the_best_by_what_an_observer_reports(tmp_path):
    """Values at the checkpoints of steps 2, 4 … 12, the newest known: 7, 1, 5, 3, 9, 9."""
    assert run(tmp_path) == [4, 8, 12]
    facts = checkpoint.read(checkpoint.found_in(tmp_path / "checkpoints")[-1])[1]
    assert facts.log.latest["metric/distance"] == 1.0
    assert '"metric/distance": 1.0' in (tmp_path / "log.jsonl").read_text()


def test_the_best_survive_a_resume(tmp_path):
    assert run(tmp_path, length="7 steps") == [4, 6, 7]
    assert run(tmp_path, length="12 steps") == [4, 8, 12]


def test_the_best_by_a_value_of_the_log(tmp_path):
    """Whatever is logged will do; here the losses, which differ from step to step."""
    cadence = {"checkpoint": "1 steps", "log": "1 steps", "keep": 1}
    networks = seeded(ConvGenerator), seeded(ConvDiscriminator)
    trainer = nets.trainer_of(
        plan(cadence=cadence | {"best": {"metric": "loss/D", "mode": "max", "keep": 3}}),
        networks,
        data=arrays(),
        run_dir=tmp_path,
    )
    losses = {}

    class Listener(Observer):
        def logged(self, record, run):
            losses[int(record["images"])] = record["loss/D"]

    trainer.observers = (*trainer.observers, Listener())
    trainer.run()
    wanted = sorted(losses, key=losses.get)[-3:]
    assert sorted({*wanted, 48}) == sorted(int(p.stem) for p in checkpoint.found_in(tmp_path / "checkpoints"))


class Warnings(Observer):
    def __init__(self):
        self.said = []

    def warn(self, message):
        self.said.append(message)


def test_a_metric_that_nobody_logs_is_told_once(tmp_path):
    listener = Warnings()
    trainer = nets.trainer_of(
        plan(cadence={"checkpoint": "2 steps", "log": "1 steps", "best": {"metric": "los/G"}}),
        (seeded(ConvGenerator), seeded(ConvDiscriminator)),
        data=arrays(),
        run_dir=tmp_path,
        observing=[listener],
    )
    trainer.run()
    (said,) = listener.said
    assert "los/G" in said and "loss/G" in said

"""`training.metrics`: figures in the log, those of the same samples by hand; the run is not moved."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from gandsl_runtime.data.sources import Arrays
from gandsl_runtime.errors import PlanError
from gandsl_runtime.evaluation.extractors import open_extractor
from gandsl_runtime.evaluation.features import features_of
from gandsl_runtime.evaluation.image_arrays import ImageArray
from gandsl_runtime.evaluation.kernel import kid
from gandsl_runtime.game.views import look
from gandsl_runtime.media.images import to_pixels
from gandsl_runtime.observers import Observer
from tests.evaluation import means
from tests.runtime import nets
from tests.runtime.helpers import pixels, plan
from tests.runtime.networks import ConvDiscriminator, ConvGenerator, seeded

METRICS = {"kid": {"every": "8 img", "images": 20}, "fd": {"every": "16 img", "images": 20}}


@pytest.fixture(autouse=True)
def _extractor(monkeypatch, tmp_path):
    means.install(monkeypatch)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def trained(folder, metrics, length="6 steps", resume=False, **cadence):
    the_plan = plan(
        length=length, metrics=metrics, cadence={"checkpoint": "3 steps", "log": "1 steps"} | cadence
    )
    networks = seeded(ConvGenerator), seeded(ConvDiscriminator)
    if resume:
        trainer = nets.resumed(folder, networks, plan=the_plan, data=Arrays(pixels(24)), change=True)
    else:
        trainer = nets.trainer_of(the_plan, networks, data=Arrays(pixels(24)), run_dir=folder)
    trainer.run()
    return trainer


def logged(folder):
    lines = map(json.loads, (folder / "log.jsonl").read_text().splitlines())
    return {(one["images"], name): value for one in lines for name, value in one.items() if "metric/" in name}


def test_they_come_when_they_are_due_and_last(tmp_path):
    trained(tmp_path / "run", METRICS)
    found = logged(tmp_path / "run")
    assert [key for key in found] == [
        *[(8, "metric/kid"), (16, "metric/kid"), (16, "metric/fd"), (24, "metric/kid"), (24, "metric/fd")],
    ]


def test_a_figure_is_that_of_the_averages_samples(tmp_path):
    trainer = trained(tmp_path / "run", METRICS)
    run = trainer.state
    step = run.now()
    made = look(run, (run.game.plan.shows[-1],), step, range(20), items={}, average=True)[0]
    real = np.random.Generator(np.random.PCG64(0)).permutation(24)[:20]
    of = open_extractor("patches")
    sides = (to_pixels(made, -1, 1).numpy(), pixels(24)[real][:, None])
    a, b = (features_of(of, ImageArray(one)).features for one in sides)
    assert logged(tmp_path / "run")[24, "metric/kid"] == pytest.approx(kid(a, b), rel=1e-9)


def test_the_run_is_the_same_without_them(tmp_path):
    with_, without = trained(tmp_path / "with", METRICS), trained(tmp_path / "without", {})
    for name, tensor in without.state.tensors().items():
        assert torch.equal(tensor, with_.state.tensors()[name]), name


def test_a_resume_measures_what_it_would_have(tmp_path):
    trained(tmp_path / "whole", METRICS)
    trained(tmp_path / "parts", METRICS, length="3 steps")
    trained(tmp_path / "parts", METRICS, resume=True)
    whole, parts = logged(tmp_path / "whole"), logged(tmp_path / "parts")
    parts = {key: value for key, value in parts.items() if key[0] != 12}  # the end of the first part
    assert parts == whole


def test_the_best_and_the_end_by_a_metric(tmp_path):
    stop = {"metric": "metric/kid", "mode": "max", "patience": 1}
    best = {"metric": "metric/kid", "mode": "min"}
    trainer = trained(tmp_path / "run", METRICS, "40 steps", stop=stop, best=best)
    values = [value for (_, name), value in logged(tmp_path / "run").items() if name == "metric/kid"]
    if trainer.state.clock.steps < 40:
        assert values[-1] <= max(values[:-1])
        assert all(later > before for before, later in pairwise(values[:-1]))
    else:
        assert values == sorted(values)


def test_what_can_not_be_taken_does_not_end_the_run():
    """FD∞ wants 20 samples; the others are measured all the same."""
    metrics = {"fd_infinity": {"every": "8 img", "images": 16}, "kid": {"every": "8 img", "images": 16}}
    said = []
    the_plan = plan(length="2 steps", metrics=metrics)
    networks = seeded(ConvGenerator), seeded(ConvDiscriminator)
    watching = Said(said)
    nets.trainer_of(the_plan, networks, data=Arrays(pixels(24)), observing=[watching]).run()
    assert len(said) == 1 and said[0].startswith("left out: FD∞")
    assert watching.records == [{"metric/kid"}]


class Said(Observer):
    def __init__(self, said):
        self.said, self.records = said, []

    def warn(self, message):
        self.said.append(message)

    def logged(self, record, run):
        if found := {name for name in record if name.startswith("metric/")}:
            self.records.append(found)


def test_images_that_are_none(tmp_path):
    with pytest.raises(ValidationError, match="`psnr` is measured by `gandsl eval`, not in training"):
        plan(metrics={"psnr": {}})
    with pytest.raises(ValidationError, match="there is no metric `kld`, did you mean `kid`"):
        plan(metrics={"kld": {}})
    with pytest.raises(ValidationError, match="greater than or equal to 16"):
        plan(metrics={"kid": {"images": 3}})
    assert PlanError.exit_code == 1

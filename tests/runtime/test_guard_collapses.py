"""The guard at real runs of small networks: planted collapses are caught, healthy runs are left alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

import gandsl
from gandsl_runtime.data.sources import Arrays
from gandsl_runtime.errors import Diverged, Interrupted
from gandsl_runtime.guard.probe import Probe
from gandsl_runtime.observers import JsonLog
from gandsl_runtime.runs import checkpoint
from tests.runtime import nets
from tests.runtime.helpers import Heard, alarms_of, assert_same
from tests.runtime.test_resume import Stop

SPECS = Path(__file__).resolve().parents[2] / "specs"
FOUND = load_digits()
DIGITS = Arrays((FOUND.images * 15.9375).astype(np.uint8), FOUND.target)

EARLY = {"samples": 32, "warm_up": 12, "window": 20}
"""Runs of seconds have no long past."""
SMALL = {"resolution": 8, "image_channels": 1, "z_dim": 16, "channel_base": 64, "channel_max": 8}
CLASSES = {"resolution": 14, "width": 4, "z_dim": 16}


def compiled(spec, changes):
    """A spec with changes: its plan and its networks."""
    base = {"training.batch": 8, "training.cadence.log": "4 steps", "training.cadence.checkpoint": "20 steps"}
    torch.manual_seed(0)
    program = gandsl.compile(SPECS / f"{spec}.yaml", base | changes)
    return program.plan, program.generator, program.discriminator


def digits(plan, generator, discriminator, run_dir=None, *observing):
    return nets.trainer_of(
        plan, (generator, discriminator), data=DIGITS, run_dir=run_dir, observing=observing, seed=1
    )


# ---- healthy runs ----------

HEALTHY = {
    "hinge, conditional": ("quickstart", 200, CLASSES),
    "logistic with R1 and path length, by style": (
        "stylegan2",
        120,
        SMALL | {"w_dim": 16, "mapping_layers": 2},
    ),
    "WGAN-GP, grown": (
        "pggan",
        220,
        SMALL
        | {f"training.growth.{name}": None for name in ("batch", "lr")}
        | {"training.growth.stable": "400 img", "training.growth.fade": "400 img"},
    ),
}


LONG = ("WGAN-GP, grown", "logistic with R1 and path length, by style")


@pytest.mark.parametrize(
    "case", [pytest.param(one, marks=[pytest.mark.thorough] * (one in LONG)) for one in HEALTHY]
)
def test_healthy_runs_raise_no_alarm(case):
    spec, steps, changes = HEALTHY[case]
    guard = {f"training.guard.{key}": value for key, value in EARLY.items()}
    heard = Heard()
    run = digits(*compiled(spec, {**changes, **guard, "training.length": f"{steps} steps"}), None, heard)
    run.run()
    assert heard.warnings == []
    memory = run.state.memory
    assert len(memory.images) == 23 and memory.calm >= 5  # there was a past to judge by
    measured = set().union(*heard.records)
    kinds = {
        "guard/sigma/generator",
        "guard/gradient/discriminator",
        "guard/logits/gap",
        "guard/diversity/all_pairs",
    }
    assert kinds <= measured
    assert ("guard/logits/size_on_samples" in measured) == (case != "WGAN-GP, grown")
    assert ("guard/diversity/within_a_class" in measured) == (case == "hinge, conditional")


# ---- planted collapses ----------

# a discriminator that sums over places alone is soon content with few modes
PLACELESS = {"discriminator.body.whole": None}
FAST = '{values: [1e-3, 0.05], at: ["100 steps"]}'


def collapsing(lr, steps=150, **guard):
    """The hinge run whose rates are × 50 from step 100 on: of both networks, or of the generator."""
    changes = {f"training.guard.{key}": value for key, value in (EARLY | guard).items()}
    changes |= {f"training.{lr}": FAST, "training.length": f"{steps} steps"}
    return compiled("quickstart", CLASSES | PLACELESS | changes)


NO_SIGMA = {"sigma_factor": 1e9}
PLANTED = {  # whose rates are too high, what of the guard is changed, what it sees
    "learning rates × 50": ("optimizer.lr", {}, "sigma/"),
    "modes lost, all numbers finite": ("generator_optimizer.lr", NO_SIGMA, "diversity/"),
}


@pytest.mark.parametrize("case", PLANTED)
def test_planted_collapses_are_caught_reported_and_rolled_back(case, tmp_path):
    lr, guard, sign = PLANTED[case]
    heard = Heard()
    planned = collapsing(lr, **guard, on_alarm="rollback", lr_factor=0.02)
    run = digits(*planned, tmp_path, heard, JsonLog(tmp_path / "log.jsonl"))
    run.run()
    (alarm,) = alarms_of(tmp_path)
    assert 100 < alarm["steps"] <= 140 and alarm["action"] == "rollback"
    assert any(found["name"].startswith(sign) for found in alarm["signs"])
    assert "the run collapses" in heard.warnings[0] and str(tmp_path / "guard" / "good") in heard.warnings[0]
    assert heard.warnings[1].startswith(f"rollback 1 of at most 3: on from {alarm['good']} images")
    assert 0 < alarm["good"] <= 800  # the 100 healthy steps, of 8 images each
    # it went on from there to the end, at a fiftieth of the rates, and the samples are as various as before
    assert (run.state.clock.steps, run.state.rollbacks, run.state.rate) == (150, 1, 0.02)
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["steps"] for line in log] == list(range(4, 151, 4))  # the lost way is gone from the log
    for line in log:
        planned_lr = 0.05 if line["steps"] > 100 else 1e-3
        assert line["lr/G"] == pytest.approx(planned_lr * (0.02 if line["images"] > alarm["good"] else 1))
    assert log[-1]["guard/diversity/within_a_class"] > 0.6
    suspect = checkpoint.found_in(tmp_path / "guard" / "suspect")
    assert suspect and all(int(path.stem) > alarm["good"] for path in suspect)


def test_these_collapses_are_some(tmp_path):
    """Without a guard the generator's own way leads to samples that repeat, and no number says so."""
    heard = Heard()
    plan, *networks = collapsing("generator_optimizer.lr")
    run = digits(plan.model_copy(update={"guard": None}), *networks, None, heard)
    run.run()
    low = Probe(run.state, run.data, 80).measured(run.state.now())
    assert low["diversity/within a class"] < 0.2
    assert heard.warnings == [] and len(heard.records) == 37
    assert not any(key.startswith("guard/") for record in heard.records for key in record)


def test_the_run_ends_when_it_collapses_too_often(tmp_path):
    heard = Heard()
    planned = collapsing("optimizer.lr", on_alarm="rollback", lr_factor=1, most=1, steps=300)
    run = digits(*planned, tmp_path, heard)
    with pytest.raises(
        Diverged, match=r"the run collapses: .*; the plan has no more than 1 rollbacks"
    ) as caught:
        run.run()
    first, last = alarms_of(tmp_path)
    assert (first["action"], last["action"], last["rollbacks"]) == ("rollback", "stop", 1)
    assert caught.value.exit_code == 7
    assert caught.value.__notes__ == [f"--resume goes on from {last['good']} images"]
    newest, _, facts, _ = checkpoint.newest(tmp_path / "checkpoints")
    assert int(newest.stem) == last["good"] == facts.counters.images
    # it was no repetition of the first way, though the rates were the same
    assert first["signs"] != last["signs"]


def test_resumed_after_a_rollback_equals_undisturbed(tmp_path):
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    planned = {"on_alarm": "rollback", "lr_factor": 0.02}
    run = digits(*collapsing("optimizer.lr", **planned), whole)
    run.run()

    class StopAfterRollback(Stop):
        def after(self, step, run):
            if run.state.rollbacks:
                super().after(step, run)

    again = digits(*collapsing("optimizer.lr", **planned), stopped, Stop(70), StopAfterRollback(125))
    with pytest.raises(Interrupted):
        again.run()
    for steps in (125, None):
        _, *networks = collapsing("optimizer.lr", **planned)
        observing = [StopAfterRollback(steps)] if steps else []
        again = nets.resumed(stopped, networks, data=DIGITS, observing=observing)
        if steps:
            with pytest.raises(Interrupted):
                again.run()
        else:
            again.run()
    assert alarms_of(stopped) == alarms_of(whole)
    assert again.state.counters() == run.state.counters()
    assert_same(again.state.tensors(), run.state.tensors())

"""The guard at real runs of small networks: planted collapses are caught, healthy runs are left alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

import gandsl
from gandsl_runtime import checkpoint
from gandsl_runtime.data.sources import Arrays
from gandsl_runtime.errors import DataError, Diverged, Interrupted
from gandsl_runtime.facts import GuardFacts
from gandsl_runtime.guard.keep import Keep
from gandsl_runtime.guard.memory import Memory
from gandsl_runtime.guard.probe import Probe
from gandsl_runtime.observers import JsonLog, Observer
from gandsl_runtime.schedule import Stage
from gandsl_runtime.trainer import Trainer
from tests.runtime.helpers import arrays, assert_same, pixels, plan
from tests.runtime.networks import ConvDiscriminator, ConvGenerator, seeded
from tests.runtime.test_resume import Stop

SPECS = Path(__file__).resolve().parents[2] / "specs"
FOUND = load_digits()
DIGITS = Arrays((FOUND.images * 15.9375).astype(np.uint8), FOUND.target)

EARLY = {"samples": 32, "warm_up": 12, "window": 20}
"""Runs of seconds have no long past."""
SMALL = {"resolution": 8, "image_channels": 1, "z_dim": 16, "channel_base": 64, "channel_max": 8}
CLASSES = {"resolution": 14, "width": 4, "z_dim": 16}


class Heard(Observer):
    """Remembers warnings and records."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.records: list[dict[str, float]] = []

    def warn(self, message):
        self.warnings.append(message)

    def logged(self, record, run):
        self.records.append(record)


def compiled(spec, changes):
    """A spec with changes: its plan and its networks."""
    base = {"training.batch": 8, "training.cadence.log": "4 steps", "training.cadence.checkpoint": "20 steps"}
    torch.manual_seed(0)
    program = gandsl.compile(SPECS / f"{spec}.yaml", base | changes)
    return program.plan, program.generator, program.discriminator


def digits(plan, generator, discriminator, run_dir=None, *observing):
    return Trainer(plan, generator, discriminator, data=DIGITS, run_dir=run_dir, observing=observing, seed=1)


def alarms_of(run_dir):
    return [json.loads(line) for line in (run_dir / "alarms.jsonl").read_text().splitlines()]


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


@pytest.mark.parametrize("case", HEALTHY)
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
    low = Probe(run.game, run.data, 80).measured()
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
        again = Trainer.resume(stopped, *networks, data=DIGITS, observing=observing)
        if steps:
            with pytest.raises(Interrupted):
                again.run()
        else:
            again.run()
    assert alarms_of(stopped) == alarms_of(whole)
    assert again.state.counters() == run.state.counters()
    assert_same(again.state.tensors(), run.state.tensors())


# ---- what it does, on hand-made networks ----------


def hand_made(run_dir, *observing, resuming=False, **guard):
    changes = {
        "guard": {"samples": 8, "warm_up": 4, "window": 8, "patience": 2} | guard,
        "length": "60 steps",
    }
    changes |= {"cadence": {"log": "1 steps", "checkpoint": "5 steps"}}
    networks = seeded(ConvGenerator), seeded(ConvDiscriminator)
    if resuming:
        return Trainer.resume(run_dir, *networks, plan=plan(**changes), data=arrays(), observing=observing)
    return Trainer(plan(**changes), *networks, data=arrays(), run_dir=run_dir, observing=observing)


class Spoil(Observer):
    """Changes the generator's weights after a step, each time the run comes by, at most `times`."""

    def __init__(self, steps, change, times=1):
        self.steps, self.change, self.times = steps, change, times

    def after(self, step, run):
        if run.state.clock.steps == self.steps and self.times:
            self.times -= 1
            with torch.no_grad():
                for weight in run.state.generator.parameters():
                    self.change(weight)


def lose(weight):
    weight.fill_(torch.nan)


def blow_up(weight):
    weight.mul_(1e3)


def test_not_a_number_is_rolled_back_too(tmp_path):
    heard = Heard()
    run = hand_made(tmp_path, heard, Spoil(33, lose), on_alarm="rollback")
    run.run()
    (alarm,) = alarms_of(tmp_path)
    assert (alarm["action"], alarm["signs"]) == ("rollback", [])
    assert alarm["message"].startswith("not finite after 136 images")
    assert run.state.clock.steps == 60 and run.state.rate == 0.5
    tensors, _ = checkpoint.read(checkpoint.found_in(tmp_path / "checkpoints")[0])
    assert all(tensor.isfinite().all() for tensor in tensors.values())


def test_before_anything_is_known_the_untrained_state_is_the_good_one(tmp_path):
    run = hand_made(tmp_path, Spoil(2, lose), on_alarm="rollback")
    run.run()
    (alarm,) = alarms_of(tmp_path)
    assert alarm["good"] == 0 and run.state.clock.steps == 60


def test_without_a_folder_there_is_no_way_back():
    with pytest.raises(Diverged, match="not finite") as caught:
        hand_made(None, Spoil(9, lose), on_alarm="rollback").run()
    assert "lower learning rate" in caught.value.remedy


def test_stop_ends_the_run_at_the_last_good_state(tmp_path):
    with pytest.raises(Diverged, match="the run collapses: top singular value of generator") as caught:
        hand_made(tmp_path, Spoil(33, blow_up), on_alarm="stop").run()
    (alarm,) = alarms_of(tmp_path)
    assert (alarm["action"], alarm["steps"], alarm["good"]) == ("stop", 35, 120)
    assert caught.value.__notes__ == ["--resume goes on from 120 images"]
    run = hand_made(tmp_path, on_alarm="stop", resuming=True)
    assert run.state.clock.images == 120
    run.run()
    assert run.state.clock.steps == 60


def test_warnings_leave_the_run_as_it_is_and_keep_the_good_state(tmp_path):
    heard = Heard()
    run = hand_made(tmp_path / "guarded", heard, Spoil(33, blow_up))
    run.run()
    (alarm,) = alarms_of(tmp_path / "guarded")
    assert (alarm["action"], alarm["good"]) == ("warn", 120)
    (kept,) = checkpoint.found_in(tmp_path / "guarded" / "guard" / "before")
    assert checkpoint.read(kept)[1].counters.images == 120  # retention has let go of it long since
    assert len(heard.warnings) == 1 and str(kept) in heard.warnings[0]
    alone = hand_made(None, Spoil(33, blow_up))
    alone.guard = None
    alone.run()
    assert_same(weights(run), weights(alone))


def weights(run):
    return {name: x for name, x in run.state.tensors().items() if not name.startswith("guard/")}


def test_the_good_state_follows_the_run(tmp_path):
    """It is one that a calm look and `patience` more have followed."""
    found = {}

    class Look(Observer):
        def after(self, step, run):
            good = Keep(tmp_path).good
            found[run.state.clock.steps] = good and int(good.stem) // 4

    run = hand_made(tmp_path, Look())
    run.run()
    assert found[60] and found[60] >= 50
    assert all(good is None or good <= steps - 2 for steps, good in found.items())
    assert len({good for good in found.values() if good}) >= 3


def test_broken_images_are_left_to_the_trainer():
    class Broken(Arrays):
        def open(self, index):
            if index % 2:
                raise OSError("broken")
            return super().open(index)

        def in_form(self, index, shape):
            return None  # as if each had to be decoded

    run = hand_made(None)
    run.data = type(run.data)(Broken(pixels()), run.data.shape, None)
    with pytest.raises(DataError):
        run.data.image(1)
    probe = Probe(run.game, run.data, 21)
    assert probe.measured()["diversity/all pairs"] > 0
    assert len(probe._pixels) == 11


@pytest.mark.processes
def test_processes_go_back_together(tmp_path):
    """Two processes agree on the alarm, and one writes the files; each ends with the same state."""
    root = SPECS.parent
    path = os.pathsep.join([str(root), str(root / "runtime"), os.environ.get("PYTHONPATH", "")])
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    subprocess.run(
        [*torchrun, "-m", "tests.runtime.guarded_in_processes", str(tmp_path)],
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        check=True,
        timeout=300,
        cwd=root,
    )
    (alarm,) = alarms_of(tmp_path / "run")
    assert alarm["action"] == "rollback" and 20 < alarm["steps"] <= 25
    (counters, tensors), (others, same) = (
        torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(2)
    )
    assert counters == others and counters["rollbacks"] == 1 and counters["steps"] == 36
    own = [name for name in tensors if "running" in name]  # plain batch norm has its own part's statistics
    assert own and not all([tensors.pop(name).equal(same.pop(name)) for name in own])
    assert_same(tensors, same)


# ---- the files ----------


def files(folder: Path, *images: int):
    folder.mkdir(parents=True, exist_ok=True)
    for number in images:
        (folder / f"{number:012d}.safetensors").write_text(str(number))


def names(folder):
    return sorted(int(path.stem) for path in checkpoint.found_in(folder))


@pytest.mark.parametrize("links", [True, False])
def test_a_state_is_proposed_proved_and_gone_back_to(links, tmp_path, monkeypatch):
    if not links:

        def refuse(*_):
            raise OSError("no links here")

        monkeypatch.setattr(os, "link", refuse)
    keep = Keep(tmp_path)
    keep.propose()
    assert keep.good is None and keep.go_back() is None
    files(keep.checkpoints, 1, 2)
    keep.propose()
    files(keep.checkpoints, 3)
    keep.propose()  # one waits already
    assert keep.unproven_at == 2
    keep.prove()
    for path in checkpoint.found_in(keep.checkpoints)[1:]:
        path.unlink()  # retention
    assert keep.good.read_text() == "2"
    files(keep.checkpoints, 4)
    keep.propose()
    keep.drop()
    assert keep.unproven_at == float("inf")
    assert keep.go_back() == keep.good
    assert names(keep.checkpoints) == [2] and names(keep.place("suspect")) == [3, 4]
    assert (keep.checkpoints / keep.good.name).read_text() == "2"


def test_first_and_last_good_states_before_alarms_are_kept(tmp_path):
    keep = Keep(tmp_path)
    for images in (1, 2, 3):
        files(keep.checkpoints, images)
        keep.propose()
        keep.prove()
        assert keep.keep_before().read_text() == str(images)
        assert keep.good is None
    assert names(keep.place("before")) == [1, 3]
    assert keep.keep_before() is None


def test_looks_at_other_series_are_forgotten():
    memory, other = Memory(("a/b",), 5), Memory(("a/b", "a/c"), 5)
    memory.add(Stage(), 8, {"a/b": 1.0})
    facts = GuardFacts.model_validate_json(json.dumps(memory.counters()))
    other.load(facts, memory.tensors()["looks"])
    assert other.images == [] and other.looks.shape == (0, 2)

"""What the guard does, step by step, on hand-made networks; the files that it keeps."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch

from gandsl_runtime.data.sources import Arrays
from gandsl_runtime.errors import DataError, Diverged
from gandsl_runtime.guard.keep import KeptCheckpoints
from gandsl_runtime.guard.memory import GuardHistory
from gandsl_runtime.guard.probe import Probe
from gandsl_runtime.observers import Observer
from gandsl_runtime.plan.schedule import Stage
from gandsl_runtime.runs import checkpoint
from gandsl_runtime.runs.header import GuardFacts
from tests.runtime import nets
from tests.runtime.helpers import Heard, alarms_of, arrays, assert_same, pixels, plan
from tests.runtime.networks import ConvDiscriminator, ConvGenerator, seeded


def hand_made(run_dir, *observing, resuming=False, **guard):
    changes = {
        "guard": {"samples": 8, "warm_up": 4, "window": 8, "patience": 2} | guard,
        "length": "60 steps",
    }
    changes |= {"cadence": {"log": "1 steps", "checkpoint": "5 steps"}}
    networks = seeded(ConvGenerator), seeded(ConvDiscriminator)
    if resuming:
        return nets.resumed(run_dir, networks, plan=plan(**changes), data=arrays(), observing=observing)
    return nets.trainer_of(plan(**changes), networks, data=arrays(), run_dir=run_dir, observing=observing)


class Spoil(Observer):
    """Changes the generator's weights after a step, each time the run comes by, at most `times`."""

    def __init__(self, steps, change, times=1):
        self.steps, self.change, self.times = steps, change, times

    def after(self, step, run):
        if run.state.clock.steps == self.steps and self.times:
            self.times -= 1
            with torch.no_grad():
                for weight in run.state.networks["generator"].parameters():
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
    with pytest.raises(Diverged, match=r"the run collapses: .*top singular value of generator") as caught:
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
            good = KeptCheckpoints(tmp_path).good
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
    probe = Probe(run.state, run.data, 21)
    assert probe.measured(run.state.now())["diversity/all pairs"] > 0
    assert len(probe._rows["image"]) == 11


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
    keep = KeptCheckpoints(tmp_path)
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
    keep = KeptCheckpoints(tmp_path)
    for images in (1, 2, 3):
        files(keep.checkpoints, images)
        keep.propose()
        keep.prove()
        assert keep.keep_before().read_text() == str(images)
        assert keep.good is None
    assert names(keep.place("before")) == [1, 3]
    assert keep.keep_before() is None


def test_looks_at_other_series_are_forgotten():
    memory, other = GuardHistory(("a/b",), 5), GuardHistory(("a/b", "a/c"), 5)
    memory.add(Stage(), 8, {"a/b": 1.0})
    facts = GuardFacts.model_validate_json(json.dumps(memory.counters()))
    other.load(facts, memory.tensors()["looks"])
    assert other.images == [] and other.looks.shape == (0, 2)

"""A run stopped at any moment and resumed equals one that was not: to the bit, on the CPU."""

from __future__ import annotations

import json
import os
import signal

import pytest

from gandsl_runtime.errors import CheckpointError, Interrupted
from gandsl_runtime.observers import Grids, JsonLog, Observer
from gandsl_runtime.runs.record import MachineOptions
from tests.runtime import nets
from tests.runtime.helpers import arrays, assert_same, folder_of, pixels, plan, png, reproducible
from tests.runtime.networks import (
    ConvDiscriminator,
    ConvGenerator,
    GrowingDiscriminator,
    GrowingGenerator,
    StyleGenerator,
    seeded,
)

STYLE = {
    "regularizers": {
        "r1": {"gamma": 1, "every": "3 steps"},
        "path_length": {"every": "2 steps", "batch": 2},
    },
    "style_mixing": {"probability": 0.5},
}
GROWING = {
    "length": "130 img",
    "loss": "wasserstein",
    "regularizers": {"gradient_penalty": {}, "drift": {}},
    "growth": {"stable": "24 img", "fade": "24 img", "batch": {4: 6}, "lr": {16: 0.001}},
    "cadence": {"log": "8 img", "grid": "30 img", "checkpoint": "1000 kimg"},
}
CASES = {
    "conditional": (lambda: (seeded(ConvGenerator, 3), seeded(ConvDiscriminator, 3)), {}, arrays(classes=3)),
    "styles": (lambda: (seeded(StyleGenerator), seeded(ConvDiscriminator)), STYLE, arrays()),
    "growing": (
        lambda: (seeded(GrowingGenerator), seeded(GrowingDiscriminator)),
        GROWING,
        arrays(size=(16, 16)),
    ),
    "d_steps": (
        lambda: (seeded(ConvGenerator), seeded(ConvDiscriminator)),
        {"discriminator_steps": 2, "loss": "relativistic_logistic", "micro_batch": 3},
        arrays(),
    ),
}


class Stop(Observer):
    """Sends this process a signal after so many steps of the run."""

    def __init__(self, steps: int, number: int = signal.SIGTERM) -> None:
        self.steps, self.number = steps, number

    def after(self, step, run):
        if run.state.clock.steps == self.steps:
            os.kill(os.getpid(), self.number)


def everything(run_dir):
    return [JsonLog(run_dir / "log.jsonl"), Grids(run_dir / "grids")]


def undisturbed(case, run_dir):
    networks, changes, data = CASES[case]
    trainer = nets.trainer_of(plan(**changes), networks(), data=data, run_dir=run_dir, seed=5)
    trainer.run()
    return trainer


def log_of(run_dir):
    lines = [json.loads(line) for line in (run_dir / "log.jsonl").read_text().splitlines()]
    return [reproducible(line) for line in lines]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("stops", [(1,), (7, 9)])
def test_resumed_equals_undisturbed(case, stops, tmp_path):
    whole = undisturbed(case, tmp_path / "whole")
    networks, changes, data = CASES[case]
    run_dir = tmp_path / "stopped"
    trainer = nets.trainer_of(
        plan(**changes),
        networks(),
        data=data,
        run_dir=run_dir,
        seed=5,
        observing=[*everything(run_dir), Stop(stops[0])],
    )
    for stop in (*stops[1:], None):
        with pytest.raises(Interrupted):
            trainer.run()
        # other weights than those it was stopped with: all must come from the checkpoint
        other = [network.apply(_spoil) for network in networks()]
        watching = everything(run_dir) + ([Stop(stop)] if stop else [])
        trainer = nets.resumed(run_dir, other, data=data, observing=watching)
    trainer.run()
    assert trainer.state.counters() == whole.state.counters()
    assert_same(trainer.state.tensors(), whole.state.tensors())
    assert log_of(run_dir) == log_of(tmp_path / "whole")
    assert trainer.latest == {**whole.latest, **times(trainer.latest)}
    names = [path.name for path in sorted((tmp_path / "whole/grids").iterdir())]
    assert names == [path.name for path in sorted((run_dir / "grids").iterdir())]
    for name in names:
        assert (run_dir / "grids" / name).read_bytes() == (tmp_path / "whole/grids" / name).read_bytes()


def _spoil(module):
    for tensor in (*module.parameters(recurse=False), *module.buffers(recurse=False)):
        tensor.data.fill_(7)


def times(record):
    return {name: value for name, value in record.items() if name not in reproducible(record)}


def test_growth_is_stopped_inside_a_fade(tmp_path):
    """The case above would prove less if its stops fell between fades."""
    networks, changes, data = CASES["growing"]
    trainer = nets.trainer_of(plan(**changes), networks(), data=data, observing=())
    stages = [trainer.step().stage for _ in range(9)]
    assert stages[6].fading and stages[8].fading


def test_seeds_decide_the_run(tmp_path):
    first, again = (undisturbed("conditional", tmp_path / name) for name in ("a", "b"))
    assert_same(first.state.tensors(), again.state.tensors())
    networks, changes, data = CASES["conditional"]
    other = nets.trainer_of(plan(**changes), networks(), data=data, seed=6)
    other.run()
    assert not all(
        tensor.equal(first.state.tensors()[name]) for name, tensor in other.state.tensors().items()
    )


def test_watching_changes_nothing(tmp_path):
    """Grids and logs draw for themselves; the run must not notice."""
    watched = undisturbed("styles", tmp_path)
    networks, changes, data = CASES["styles"]
    alone = nets.trainer_of(plan(**changes), networks(), data=data, seed=5, observing=())
    alone.run()
    assert_same(watched.state.tensors(), alone.state.tensors())


@pytest.mark.parametrize("workers", [0, 2])
def test_workers_change_nothing(workers, tmp_path):
    """Read ahead by other processes, from files, across a stop in the middle of an epoch."""
    where = folder_of({f"{i % 3}/{i}.png": png(image) for i, image in enumerate(pixels())}, tmp_path / "set")
    networks, changes, _ = CASES["conditional"]
    run_dir = tmp_path / "run"
    trainer = nets.trainer_of(
        plan(**changes),
        networks(),
        data=where,
        run_dir=run_dir,
        seed=5,
        machine=MachineOptions(workers=workers),
        observing=[Stop(7)],
    )
    with pytest.raises(Interrupted):
        trainer.run()
    trainer = nets.resumed(run_dir, networks(), machine=MachineOptions(workers=workers), observing=())
    trainer.run()
    straight = nets.trainer_of(plan(**changes), networks(), data=where, seed=5)
    straight.run()
    assert_same(trainer.state.tensors(), straight.state.tensors())


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGHUP, 129), (signal.SIGINT, 130), (signal.SIGUSR1, 138), (signal.SIGTERM, 143)],
)
def test_a_signal_saves_and_says_so(number, code, tmp_path):
    networks, changes, data = CASES["conditional"]
    trainer = nets.trainer_of(
        plan(**changes), networks(), data=data, run_dir=tmp_path, observing=[Stop(3, number)]
    )
    before = signal.getsignal(number)
    with pytest.raises(Interrupted) as caught:
        trainer.run()
    assert caught.value.exit_code == code
    assert f"after 12 images: {tmp_path} (--resume goes on)" in caught.value.message
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["000000000012.safetensors"]
    assert signal.getsignal(number) is before


def test_a_run_is_not_overwritten(tmp_path):
    undisturbed("conditional", tmp_path)
    with pytest.raises(CheckpointError, match="holds a run already"):
        undisturbed("conditional", tmp_path)


def test_other_images_or_networks_are_refused(tmp_path):
    undisturbed("conditional", tmp_path)
    networks, _, data = CASES["conditional"]
    with pytest.raises(CheckpointError, match="other images than those of arrays:\n  ~ images: 21 → 22"):
        nets.resumed(tmp_path, networks(), data=arrays(22, classes=3))
    with pytest.raises(
        CheckpointError, match=r"weights of `discriminator` don't fit: 1 unknown .embed\.weight"
    ) as caught:
        nets.resumed(tmp_path, (seeded(ConvGenerator, 3), seeded(ConvDiscriminator)), data=data)
    assert "spec" in caught.value.remedy


def test_a_longer_plan_goes_on(tmp_path):
    undisturbed("conditional", tmp_path)
    networks, changes, data = CASES["conditional"]
    trainer = nets.resumed(
        tmp_path, networks(), plan=plan(**changes | {"length": "15 steps"}), data=data, change=True
    )
    trainer.run()
    assert trainer.state.clock.steps == 15


def test_a_run_with_other_draws_is_refused_unless_it_says_so(tmp_path, monkeypatch):
    """Where the run says no version its draws are of version 1; what goes on has the new one."""
    make, changes, data = CASES["conditional"]
    with monkeypatch.context() as before:
        before.setattr("gandsl_runtime.training.trainer.DRAWS", 1)
        before.setattr("gandsl_runtime.runs.description.DRAWS", 1)
        run = nets.trainer_of(plan(**changes), make(), data=data, run_dir=tmp_path, seed=5)
        run.run(minutes=0)
    facts = tmp_path / "run.json"
    for text in (
        facts.read_text(),
        json.dumps({k: v for k, v in json.loads(facts.read_text()).items() if k != "draws"}),
    ):
        facts.write_text(text)
        with pytest.raises(CheckpointError) as refused:
            nets.resumed(tmp_path, make(), data=data)
        assert "draws of version 1" in refused.value.message and "are 2" in refused.value.message
        assert "--change" in refused.value.remedy
    resumed = nets.resumed(tmp_path, make(), data=data, change=True)
    assert resumed.changed
    resumed.run(minutes=0)
    assert json.loads(facts.read_text())["draws"] == 2
    assert not nets.resumed(tmp_path, make(), data=data).changed

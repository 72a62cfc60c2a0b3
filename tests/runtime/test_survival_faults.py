"""A disk that fills up, a folder that goes: the run ends or goes on as documented, and nothing is lost."""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gandsl_runtime.errors import DataError, OutOfSpace, Unwritable
from gandsl_runtime.observers import Observer, standard
from gandsl_runtime.runs import checkpoint
from gandsl_runtime.runs.record import MachineOptions
from gandsl_runtime.runs.run_dir import RunDir
from gandsl_runtime.training.trainer import Trainer
from tests.runtime import nets
from tests.runtime.helpers import arrays, assert_same, plan, reproducible
from tests.runtime.networks import ConvDiscriminator, ConvGenerator, seeded

CADENCE = {"log": "1 steps", "grid": "3 steps", "checkpoint": "2 steps", "keep": 1}


def networks():
    return seeded(ConvGenerator), seeded(ConvDiscriminator)


def started(run_dir: Path, *watching: Observer, tensorboard: bool = False) -> Trainer:
    observing = [*watching, *standard(run_dir, tensorboard=tensorboard)]
    return nets.trainer_of(
        plan(cadence=CADENCE), networks(), data=arrays(), run_dir=run_dir, observing=observing
    )


def log_of(run_dir: Path) -> list[dict[str, float]]:
    return [reproducible(json.loads(line)) for line in (run_dir / "log.jsonl").read_text().splitlines()]


@pytest.fixture
def limit() -> Iterator[Callable[[int], None]]:
    """Lets no file of this process grow beyond so many bytes: the system's answer is that of a full disk."""
    before, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (before, hard))


class Fill(Observer):
    """Limits the size of files before something is written."""

    def __init__(self, run_dir: Path, limit: Callable[[int], None], moment: str) -> None:
        self.run_dir, self.limit, self.moment = run_dir, limit, moment

    def begin(self, run):
        if self.moment == "the first grid":
            self.limit(300)

    def after(self, step, run):
        if self.moment == "a grid" and run.state.clock.steps == 6:
            self.limit(300)

    def logged(self, record, run):
        if self.moment == "the middle of a line" and run.state.clock.steps == 6:
            self.limit((self.run_dir / "log.jsonl").stat().st_size + 40)

    def saving(self, run):
        if self.moment == "the events" and run.state.clock.steps == 6:
            (events,) = (self.run_dir / "tensorboard").iterdir()
            self.limit(events.stat().st_size + 10)
        if self.moment == "a checkpoint" and run.state.clock.steps == 6:
            self.limit(4000)


MOMENTS = ["the first grid", "a grid", "the middle of a line", "a checkpoint", "the events"]


@pytest.mark.parametrize("moment", MOMENTS)
def test_full_disk(moment, tmp_path, limit):
    run_dir, straight = tmp_path / "run", started(tmp_path / "whole")
    straight.run()
    with pytest.raises(OutOfSpace, match="no space left for") as caught:
        started(run_dir, Fill(run_dir, limit, moment), tensorboard=moment == "the events").run()
    limit(resource.RLIM_INFINITY)
    assert caught.value.exit_code == 5 and "free some space" in caught.value.remedy
    newest = checkpoint.newest_path(run_dir / "checkpoints")  # what is claimed is what is there
    there = f"--resume goes on from {int(newest.stem)} images" if newest else "there is no checkpoint"
    assert [note.removesuffix(" to go on from") for note in caught.value.__notes__] == [there]
    assert bool(newest) == (moment != "the first grid")
    assert not list(run_dir.rglob(".*.new"))
    if moment == "the first grid":
        trainer = started(run_dir)
    else:
        steps = checkpoint.newest(run_dir / "checkpoints")[2].counters.steps
        assert steps == 4 or (moment == "the events" and steps <= 8)  # they are written by another thread
        trainer = nets.resumed(run_dir, networks(), data=arrays())
    trainer.run()
    assert_same(trainer.state.tensors(), straight.state.tensors())
    assert log_of(run_dir) == log_of(tmp_path / "whole")
    for grid in (tmp_path / "whole" / "grids").iterdir():
        assert (run_dir / "grids" / grid.name).read_bytes() == grid.read_bytes()


def test_full_disk_before_the_first_step(tmp_path, limit):
    trainer = started(tmp_path)
    limit(10)
    with pytest.raises(OutOfSpace, match="no space left for the run"):
        trainer.run()
    limit(resource.RLIM_INFINITY)
    started(tmp_path).run()


class Kills(Observer):
    """Kills a data worker after a step, as the system does when memory runs out."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def after(self, step, run):
        if run.state.clock.steps == self.steps:
            os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)
            time.sleep(0.5)  # torch says so from a signal handler: now, not when the next batch is asked for


def test_a_data_worker_that_dies(tmp_path):
    straight = started(tmp_path / "whole")
    straight.run()
    run_dir = tmp_path / "run"
    watching = [*standard(run_dir), Kills(7)]
    common = {"data": arrays(), "observing": watching, "machine": MachineOptions(workers=2)}
    with pytest.raises(DataError, match=r"a data worker died: DataLoader worker .* Killed") as caught:
        nets.trainer_of(plan(cadence=CADENCE), networks(), run_dir=run_dir, **common).run()
    assert "fewer workers" in caught.value.remedy
    trainer = nets.resumed(run_dir, networks(), data=arrays())
    trainer.run()
    assert_same(trainer.state.tensors(), straight.state.tensors())
    assert log_of(run_dir) == log_of(tmp_path / "whole")


class Removes(Observer):
    """Removes the run's folder after a step, and remembers the warnings."""

    def __init__(self, steps: int) -> None:
        self.steps, self.said = steps, []

    def after(self, step, run):
        if run.state.clock.steps == self.steps:
            shutil.rmtree(run.run_dir)

    def warn(self, message):
        self.said.append(message)


def test_a_folder_that_is_removed_is_made_anew(tmp_path):
    """The state is in memory: it is worth more than the folder."""
    straight, removes = started(tmp_path / "whole"), Removes(7)
    straight.run()
    trainer = started(tmp_path / "run", removes)
    trainer.files = RunDir(tmp_path / "run", "name: x\n")
    trainer.run()
    assert ["was removed" in said for said in removes.said] == [True, True]  # the folder, the log in it
    _, tensors, facts, _ = checkpoint.newest(tmp_path / "run" / "checkpoints")
    assert_same(tensors, straight.state.tensors())
    assert facts.counters.steps == 12
    assert log_of(tmp_path / "run") == log_of(tmp_path / "whole")[7:]
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {".lock", "checkpoints", "grids", "log.jsonl", "plan.json", "run.json", "spec.yaml"}


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Unwritable, match=r"can't write in .*file/run: not a directory") as caught:
        started(tmp_path / "file" / "run").run()
    assert caught.value.exit_code == 1 and "another folder" in caught.value.remedy


def test_a_disk_that_turns_read_only(tmp_path, monkeypatch):
    """As after a hardware fault. safetensors says it by a class of its own, the number in its text."""

    def fail(tensors, path, metadata):
        raise checkpoint.SafetensorError(
            "Error while serializing: I/O error: Read-only file system (os error 30)"
        )

    monkeypatch.setattr(checkpoint, "save_file", fail)
    with pytest.raises(OSError, match="Read-only file system") as caught:
        started(tmp_path).run()
    assert str(tmp_path) in caught.value.filename

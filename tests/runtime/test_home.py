"""A run's folder that is moved, replaced or can't be written: noticed, told, and nothing put elsewhere."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from gandsl_runtime.errors import Unwritable
from gandsl_runtime.observers import Observer, standard
from gandsl_runtime.runs import checkpoint
from gandsl_runtime.training.trainer import Trainer
from tests.runtime import nets
from tests.runtime.helpers import arrays, assert_same, plan, reproducible
from tests.runtime.networks import ConvDiscriminator, ConvGenerator, seeded

CADENCE = {"log": "1 steps", "grid": "5 steps", "checkpoint": "2 steps", "keep": 1}


def networks():
    return seeded(ConvGenerator), seeded(ConvDiscriminator)


class After(Observer):
    """Does something to the run's folder after a step; counts the steps and keeps what was said."""

    def __init__(self, steps: int, do: Callable[[Path], None]) -> None:
        self.steps, self.do, self.seen, self.said = steps, do, 0, []

    def after(self, step, run):
        self.seen = run.state.clock.steps
        if self.seen == self.steps:
            self.do(run.run_dir)

    def warn(self, message):
        self.said.append(message)


def started(run_dir: Path, *watching: Observer, **changes) -> Trainer:
    observing = [*watching, *standard(run_dir)]
    changed = plan(cadence=CADENCE, **changes)
    return nets.trainer_of(changed, networks(), data=arrays(), run_dir=run_dir, observing=observing)


@pytest.mark.parametrize("steps", [6, 7])  # with a checkpoint due in that step, and without
@pytest.mark.parametrize("above", [False, True])
def test_a_folder_that_is_moved_gets_the_state_where_it_is(steps, above, tmp_path):
    whole = started(tmp_path / "whole")
    whole.run()
    old, new = tmp_path / "a" / "run", tmp_path / "b" / "run"
    if not above:
        new.parent.mkdir()
    moving = After(steps, lambda _: old.parent.rename(new.parent) if above else old.rename(new))
    with pytest.raises(Unwritable, match=f"{old} was moved to {new} while") as caught:
        started(old, moving).run()
    assert caught.value.__notes__ == [f"--resume goes on from {4 * steps} images"]
    assert caught.value.exit_code == 1 and str(new) in caught.value.remedy
    assert not old.exists() and old.parent.exists() != above
    trainer = nets.resumed(new, networks(), data=arrays())
    assert trainer.state.clock.steps == steps
    trainer.run()
    assert_same(trainer.state.tensors(), whole.state.tensors())
    logs = [
        [reproducible(json.loads(line)) for line in (run / "log.jsonl").read_text().splitlines()]
        for run in (new, tmp_path / "whole")
    ]
    assert logs[0] == logs[1]


def test_a_folder_in_its_place_is_not_written(tmp_path):
    def replace(path: Path) -> None:
        shutil.rmtree(path)
        path.mkdir()
        (path / "mine").write_text("")

    with pytest.raises(Unwritable, match=r"was removed while the run .* another folder now") as caught:
        started(tmp_path / "run", After(7, replace)).run()
    assert caught.value.__notes__ == ["there is no checkpoint to go on from"]
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["mine"]


def test_a_folder_moved_where_nothing_tells_is_made_anew(tmp_path, monkeypatch):
    """Where there is no /proc. What it holds then is a whole run's again."""
    monkeypatch.setattr("gandsl_runtime.runs.home.Home.found", lambda home: None)
    moving = After(7, lambda path: path.rename(tmp_path / "elsewhere"))
    started(tmp_path / "run", moving).run()
    assert sum("was removed: it is made anew" in said for said in moving.said) == 1
    assert checkpoint.newest(tmp_path / "run" / "checkpoints")[2].counters.steps == 12


def refused(place: Path, watching: After, run_dir: Path) -> None:
    with pytest.raises(Unwritable, match=str(place)) as caught:
        started(run_dir, watching).run()
    assert watching.seen == 0 and caught.value.exit_code == 1
    assert caught.value.__notes__ == ["there is no checkpoint to go on from"]


@pytest.mark.parametrize("part", ["checkpoints", "guard/good"])
def test_a_file_in_a_folders_place_is_noticed_before_the_first_step(part, tmp_path):
    place = tmp_path / part
    place.parent.mkdir(exist_ok=True)
    place.write_text("")
    refused(place, After(99, print), tmp_path)


@pytest.mark.parametrize("part", ["", "checkpoints", "grids", "guard", "tensorboard"])
def test_a_folder_that_takes_no_files_is_noticed_before_the_first_step(part, tmp_path, monkeypatch):
    """Root, who may run the tests, can write where rights forbid it: the system's answer is feigned."""
    place = tmp_path / part
    place.mkdir(exist_ok=True)

    def file(dir: Path):
        if dir == place:
            raise PermissionError(errno.EACCES, "Permission denied", str(dir))
        return TemporaryFile(dir=dir)

    monkeypatch.setattr("gandsl_runtime.runs.home.TemporaryFile", file)
    refused(place, After(99, print), tmp_path)


@pytest.mark.parametrize("part", ["log.jsonl", "alarms.jsonl"])
def test_a_log_that_takes_no_lines_is_noticed_before_the_first_step(part, tmp_path, monkeypatch):
    place, usual = tmp_path / part, Path.open
    place.write_text("")

    def opened(path: Path, mode: str = "r", **more):
        if path == place and "a" in mode:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return usual(path, mode, **more)

    monkeypatch.setattr(Path, "open", opened)
    refused(place, After(99, print), tmp_path)

"""A damaged log, or something else where a run writes, is set aside with a line: it blocks no checkpoint."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from gandsl_runtime.errors import CheckpointError, Unwritable
from gandsl_runtime.observers import Observer, standard
from gandsl_runtime.runs.debris import moved
from gandsl_runtime.runs.run_dir import found_in
from gandsl_runtime.training.trainer import Trainer
from tests.runtime import nets
from tests.runtime.helpers import arrays, assert_same, plan, reproducible
from tests.runtime.networks import ConvDiscriminator, ConvGenerator, seeded


class Said(Observer):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def warn(self, message: str) -> None:
        self.lines.append(message)


def gone_on(run_dir: Path, *, resume: bool = True) -> tuple[Trainer, list[str]]:
    said = Said()
    networks, observing = (seeded(ConvGenerator), seeded(ConvDiscriminator)), [said, *standard(run_dir)]
    if resume:
        made = nets.resumed(run_dir, networks, data=arrays(), observing=observing)
    else:
        made = nets.trainer_of(
            plan(length="7 steps"), networks, data=arrays(), run_dir=run_dir, observing=observing
        )
    made.run()
    return made, said.lines


def log_of(path: Path) -> list[dict[str, float]]:
    return [reproducible(json.loads(line)) for line in path.read_text().splitlines()]


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """A run of seven steps, stopped after five: records after 2, 4 and 6, of which the last is past it."""
    gone_on(tmp_path / "run", resume=False)
    found_in(tmp_path / "run" / "checkpoints")[0].unlink()
    return tmp_path / "run"


RECORD = b'{"images": 8, "loss/G": 0.5}'
BAD = {
    "no UTF-8": b'{"images": 8, "loss/G": "\xff\xfe"}',
    "UTF-16": '{"images": 8}'.encode("utf-16"),
    "no JSON": b'{"images": 8, "loss/G": 0.',
    "nested": b'{"images": ' + b"[" * 100_000,
    "empty": b"",
    "no record": b"[1, 2, 3]",
    "no images": b'{"loss/G": 0.5}',
    "images in words": b'{"images": "8"}',
    "images as a truth value": b'{"images": true}',
    "zeros": b"\0" * 512,
}


@pytest.mark.parametrize("name", BAD)
def test_lines_that_cannot_be_read(name: str, run_dir: Path) -> None:
    log = run_dir / "log.jsonl"
    before = log.read_bytes()
    damaged = before.replace(b"\n", b"\n" + BAD[name] + b"\n", 1)
    log.write_bytes(damaged)
    _, said = gone_on(run_dir)
    assert len(said) == 1 and said[0].startswith(f"1 of 4 lines of {log} can't be read"), said
    assert (run_dir / "log.jsonl.damaged").read_bytes() == damaged
    assert [record["steps"] for record in log_of(log)] == [2, 4, 6]


def test_a_last_line_cut_short_is_no_news(run_dir: Path) -> None:
    log = run_dir / "log.jsonl"
    whole = log_of(log)
    log.write_bytes(log.read_bytes()[:-100])
    _, said = gone_on(run_dir)
    assert not said and log_of(log) == whole and not list(run_dir.glob("*.damaged"))


def a_folder(path: Path) -> None:
    path.mkdir()
    (path / "something").write_text("of somebody's")


KINDS = {
    "a folder": a_folder,
    "a pipe": os.mkfifo,
    "a file": lambda path: path.write_text("of somebody's"),
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
}
PLACES = {"log.jsonl": "a file", "run.json": "a file", "plan.json": "a file", "grids": "a folder",
          "guard": "a folder", "alarms.jsonl": "a file"}  # fmt: skip


@pytest.mark.parametrize(
    ("place", "kind"), [(place, kind) for place in PLACES for kind in KINDS if kind != PLACES[place]]
)
def test_something_else_in_a_place(place: str, kind: str, run_dir: Path) -> None:
    straight = run_dir.parent / "straight"
    whole, _ = gone_on(straight, resume=False)
    if os.path.lexists(run_dir / place):
        (run_dir / place).rename(run_dir / "before")
    KINDS[kind](run_dir / place)
    trainer, said = gone_on(run_dir)
    assert len(said) == 1 and said[0].startswith(f"{run_dir / place} is ") and ".damaged now" in said[0]
    assert os.path.lexists(run_dir / f"{place}.damaged")
    assert_same(trainer.state.tensors(), whole.state.tensors())


def test_names_are_never_taken_twice(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / "x").write_text(str(number))
        moved(tmp_path / "x")
    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert found == {"x.damaged": "0", "x.damaged-2": "1", "x.damaged-3": "2"}


@pytest.mark.parametrize("kind", ["a folder", "a pipe"])
def test_a_lock_that_is_none(kind: str, run_dir: Path) -> None:
    (run_dir / ".lock").unlink()
    KINDS[kind](run_dir / ".lock")
    with pytest.raises(Unwritable, match=f"lock is {kind}, and no lock"):
        gone_on(run_dir)


@pytest.mark.parametrize("kind", ["a folder", "a pipe", "a link to nothing"])
def test_something_among_the_checkpoints(kind: str, run_dir: Path) -> None:
    """It is told and passed over; alone, it is no checkpoint."""
    checkpoints = run_dir / "checkpoints"
    odd = checkpoints / "000000000024.safetensors"
    KINDS[kind](odd)
    (checkpoints / "²³.safetensors").write_text("no number")
    _, said = gone_on(run_dir)
    assert len(said) == 1 and odd.name in said[0] and "resuming from 000000000020" in said[0]
    for path in found_in(checkpoints):
        if path != odd and not path.is_dir():
            path.unlink()
    shutil.rmtree(run_dir / "guard", ignore_errors=True)  # what it holds could be gone on from
    with pytest.raises(CheckpointError, match="no whole checkpoint"):
        gone_on(run_dir)

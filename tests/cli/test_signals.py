"""Ctrl-C and its like at any moment: one line, 128 + the signal, nothing half-written, nothing saved lost."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gandsl_runtime.runs import checkpoint
from tests.cli.commands import EVERY
from tests.cli.conftest import ROOT

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1]
PROGRESS = re.compile(r"\d+ of \d+ steps.*")  # what a run says now and then where there is no terminal
PYTHON_S = 0.15  # seconds in which Python may still be starting, on a busy machine more


class Stopped(NamedTuple):
    """How a process ended, and what it had said."""

    code: int
    out: str
    err: str


def begun(*arguments: object, **options: Any) -> subprocess.Popen[str]:
    """The command in a process group of its own, where no signal is ignored: as a shell starts it."""

    def as_usual() -> None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)

    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'runtime'}", "COLUMNS": "80"}
    usual = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment}
    usual |= {"start_new_session": True, "preexec_fn": as_usual}
    return subprocess.Popen([sys.executable, "-m", "gandsl", *map(str, arguments)], **(usual | options))


def stopped(number: int, moments: list[float], *arguments: object) -> Stopped:
    """What becomes of a command whose process group gets a signal at some moments, in seconds."""
    child, began = begun(*arguments), time.monotonic()
    for moment in moments:
        time.sleep(max(0.0, began + moment - time.monotonic()))
        if child.poll() is None:
            os.killpg(child.pid, number)
    out, err = child.communicate(timeout=200)
    return Stopped(child.returncode, out, err)


def judge(done: Stopped, number: int, moment: float, folder: Path) -> None:
    """It was stopped with a line, or had done its work; before our first line the answer is Python's."""
    said = [line for line in done.err.splitlines() if not PROGRESS.fullmatch(line)]
    if moment < PYTHON_S and done.code in (-number, 1):
        return
    assert done.code in (0, 128 + number), done
    assert len(said) <= 1 and ("stopped" in done.err) == (done.code != 0), done
    assert all(line.startswith("stopped") for line in said), done
    left = [path for path in folder.rglob(".*") if path.name != ".lock"]
    assert not left, left
    for line in said:
        if promised := re.search(r"after (\d+) images: (\S+) \(--resume", line):
            newest = checkpoint.newest(Path(promised[2]) / "checkpoints")
            assert int(newest[0].stem) == int(promised[1]) and not newest[3]


AGAIN = {"train with workers": ("train", ["--workers", "2", "--tensorboard"])}


def arguments(name: str, made: Path, to: Path) -> list[object]:
    base, more = AGAIN.get(name, (name, []))
    return [*EVERY[base](made, to), *more]


def sweep(name: str, number: int, moments: list[float], made: Path, place: Path) -> None:
    """A command, each time anew, that gets a signal at one of the moments."""
    for index, moment in enumerate(moments):
        folder = place / f"{name}{index}"
        folder.mkdir()
        judge(stopped(number, [moment], *arguments(name, made, folder)), number, moment, folder)


@pytest.mark.parametrize(
    ("number", "moments"),
    [(signal.SIGINT, [0.0, 0.05, 0.15, 0.2, 0.25, 0.35]), *((n, [0.3]) for n in SIGNALS[1:])],
)
def test_a_command_at_a_few_moments(number: int, moments: list[float], made: Path, tmp_path: Path) -> None:
    sweep("check", number, moments, made, tmp_path)


@pytest.mark.thorough
@pytest.mark.parametrize("name", [*EVERY, *AGAIN])
def test_a_command_at_many_moments(name: str, made: Path, tmp_path: Path) -> None:
    """Thirty Ctrl-C, evenly spread over the time that the command takes here, and eight of the others."""
    folder = tmp_path / "whole"
    folder.mkdir()
    began = time.monotonic()
    assert stopped(signal.SIGINT, [], *arguments(name, made, folder)).code == 0
    takes = time.monotonic() - began
    for number, count in zip(SIGNALS, (30, 8, 8, 8), strict=True):
        place = tmp_path / str(number)
        place.mkdir()
        sweep(name, number, [takes * index / count for index in range(count)], made, place)

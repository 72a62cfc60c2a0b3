"""Ctrl-C and its like at any moment: one line, 128 + the signal, nothing half-written, nothing saved lost."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

from gandsl.interop import export_weights
from gandsl_runtime import checkpoint
from tests.cli.conftest import ROOT, SPECS
from tests.interop.cases import CASES
from tests.interop.forge import ours

QUICK, TINY, LARGE = SPECS / "quickstart.yaml", SPECS / "tiny.yaml", SPECS / "stylegan2.yaml"
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1]
PROGRESS = re.compile(r"\d+ of \d+ steps.*")  # what a run says now and then where there is no terminal
SHORT = [
    *("--set", "training.batch=4", "--set", "training.length=40 steps"),
    *("--set", "training.cadence={log: 1 steps, grid: 20 steps, checkpoint: 5 steps}", "--device", "cpu"),
]
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


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images, an official checkpoint, a trained run."""
    place = tmp_path_factory.mktemp("made")
    chance = np.random.default_rng(0)
    for index in range(200):
        folder = place / "images" / str(index % 10)
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(chance.integers(0, 255, (28, 28), dtype=np.uint8)).save(folder / f"{index}.png")
    case = CASES["ada"]
    ours(place / "ours.safetensors", LARGE, case.overrides, case.parts)
    export_weights(place / "ours.safetensors", place / "net.pt", case.layout, LARGE, case.overrides)
    return place


Command = Callable[[Path, Path], list[object]]  # what was made, a folder for the rest
COMMANDS: dict[str, Command] = {
    "check": lambda made, to: ["check", LARGE],
    "cost": lambda made, to: ["cost", LARGE],
    "compile": lambda made, to: ["compile", QUICK, "-o", to / "g"],
    "pack": lambda made, to: [
        *("data", "pack", made / "images", "-o", to / "x.zip", "--size", "28", "--workers", "2")
    ],
    "import": lambda made, to: ["import", made / "net.pt", "-o", to / "in.safetensors"],
    "train": lambda made, to: ["train", QUICK, "--data", made / "images", "-o", to / "run", *SHORT],
    "workers": lambda made, to: [*COMMANDS["train"](made, to), "--workers", "2", "--tensorboard"],
}


def sweep(name: str, number: int, moments: list[float], made: Path, tmp_path: Path) -> None:
    for index, moment in enumerate(moments):
        folder = tmp_path / f"{index}"
        folder.mkdir()
        judge(stopped(number, [moment], *COMMANDS[name](made, folder)), number, moment, folder)


@pytest.mark.parametrize(
    ("number", "moments"), [(signal.SIGINT, [0.15, 0.25, 0.35]), *((n, [0.3]) for n in SIGNALS[1:])]
)
def test_a_command_at_a_few_moments(number: int, moments: list[float], made: Path, tmp_path: Path) -> None:
    sweep("check", number, moments, made, tmp_path)

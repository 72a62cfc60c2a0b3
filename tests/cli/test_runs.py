"""Commands that make something: compile, train, sample."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import gandsl as package
from gandsl.cli.ranges import numbers
from gandsl.diagnostics import SpecError
from tests.cli.conftest import SPECS, Gandsl
from tests.cli.forks import Running

pytestmark = pytest.mark.processes
QUICK = SPECS / "quickstart.yaml"
SMALL = [
    "--set",
    "training.batch=4",
    "--set",
    "training.length=3 steps",
    "--set",
    "training.cadence={log: 1 steps}",
]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Twenty noisy gray images of ten classes."""
    chance = np.random.default_rng(0)
    for label in range(10):
        folder = tmp_path / "images" / str(label)
        folder.mkdir(parents=True)
        for index in range(2):
            pixels = chance.integers(0, 255, (28, 28), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{index}.png")
    return tmp_path / "images"


def test_compile_writes_and_checks(gandsl: Gandsl, tmp_path: Path) -> None:
    folder = tmp_path / "generated"
    assert gandsl("compile", QUICK, "-o", folder, "--check").exit_code == 8
    done = gandsl("compile", QUICK, "-o", folder)
    assert done.exit_code == 0 and "wrote generator.py" in done.stdout
    assert gandsl("compile", QUICK, "-o", folder, "--check").exit_code == 0
    assert "was up to date" in gandsl("compile", QUICK, "-o", folder).stdout
    (folder / "generator.py").write_text("pass\n")
    done = gandsl("compile", QUICK, "-o", folder, "--check", "--format", "json")
    assert done.exit_code == 8
    assert json.loads(done.stdout) == {
        "gandsl": "compile/1",
        "name": "quickstart",
        "folder": str(folder),
        "stale": ["generator.py"],
    }


def test_compile_dumps_passes(gandsl: Gandsl, tmp_path: Path) -> None:
    assert gandsl("compile", QUICK, "-o", tmp_path / "g", "--dump-passes", tmp_path / "p").exit_code == 0
    text = (tmp_path / "p" / "generator.txt").read_text()
    assert text.startswith("# lowered\n") and "# dead-code" in text and "skipped" in text
    game = (tmp_path / "p" / "game.txt").read_text()
    assert "# discriminator (discriminator.adversarial" in game and "nodes\n" in game


def test_train_resume_and_sample(gandsl: Gandsl, images: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    common = ["--run-dir", run, "--device", "cpu", *SMALL]
    done = gandsl("train", QUICK, "--data", images, "--minutes", "0", *common)
    assert done.exit_code == 0 and "--resume goes on" in done.stdout, done.stderr
    assert gandsl("train", QUICK, "--data", images, *common).exit_code == 4  # holds a run already
    done = gandsl("train", QUICK, "--resume", *common)
    assert done.exit_code == 0 and "done after 12 images" in done.stdout, done.stderr
    assert gandsl("check", run / "spec.yaml").exit_code == 0
    assert gandsl("show", run / "spec.yaml").stdout == (run / "spec.yaml").read_text()
    grid = tmp_path / "grid.png"
    done = gandsl("sample", run, "--seeds", "0-3", "--classes", "0,7,9", "-o", grid)
    assert done.exit_code == 0, done.stderr
    assert Image.open(grid).size == (4 * 28, 3 * 28)
    assert gandsl("sample", run, "--seeds", "5,6", "-o", tmp_path / "each").exit_code == 0
    assert sorted(path.name for path in (tmp_path / "each").glob("*.png")) == ["seed5.png", "seed6.png"]
    assert gandsl("sample", run, "--classes", "10", "-o", grid).exit_code == 2  # there are ten: 0 to 9


def test_seed_decides_the_run(gandsl: Gandsl, images: Path, tmp_path: Path) -> None:
    def weights(seed: int, name: str) -> bytes:
        run = tmp_path / name
        done = gandsl(
            "train", QUICK, "--data", images, "--run-dir", run, "--seed", seed, "--device", "cpu", *SMALL
        )
        assert done.exit_code == 0, done.stderr
        (log,) = run.glob("log.jsonl")
        records = [json.loads(line) for line in log.read_text().splitlines()]
        return json.dumps([record["loss/D"] for record in records]).encode()

    assert weights(1, "a") == weights(1, "b") != weights(2, "c")


def test_continue_starts_resumes_and_is_done(
    gandsl: Gandsl, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a scheduler needs that gives a job back its one command line."""
    run = tmp_path / "run"
    best = ["--set", "training.cadence={log: 1 steps, best: {metric: loss/G}}"]
    command = ["train", QUICK, "--data", images, "--run-dir", run, "--device", "cpu", *SMALL, *best]
    assert gandsl("train", QUICK, "--run-dir", run, "--continue").exit_code == 2  # no run yet, and no --data
    begun = gandsl(*command, "--continue", "--minutes", "0")
    assert begun.exit_code == 0 and "stopped after 4 images" in begun.stdout, begun.stderr
    ended = gandsl(*command, "--continue")
    assert "done after 12 images" in ended.stdout and "loss/G " in ended.stdout, ended.stderr
    log = (run / "log.jsonl").read_text()
    assert [json.loads(line)["images"] for line in log.splitlines()] == [4, 8, 12]
    shown = gandsl("show", run / "spec.yaml")  # a metric's name is no expression, here nor there
    assert shown.exit_code == 0 and "metric: loss/G" in shown.stdout
    assert gandsl(*command).exit_code == 4  # without it, a run is never gone on with by accident
    again = gandsl(*command, "--continue")
    assert again.exit_code == 0 and (run / "log.jsonl").read_text() == log
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "1")  # torchrun says so when it starts a process again
    assert gandsl(*command).exit_code == 0


def test_a_folder_that_cannot_be_written_is_told(gandsl: Gandsl, images: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = gandsl("train", QUICK, "--data", images, "--run-dir", tmp_path / "file" / "run", *SMALL)
    assert done.exit_code == 1 and "can't write in" in done.stderr and "not a directory" in done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_and_ends_with_its_code(
    number: int, code: int, gandsl: Gandsl, images: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    line = ["train", QUICK, "--data", images, "--run-dir", run, *SMALL, "--workers", "1"]
    child = Running([*line, "--set", "training.length=100000 steps"], os.setsid)
    until = time.monotonic() + 50
    while not (run / "log.jsonl").exists() or not (run / "log.jsonl").read_text():
        assert child.runs() and time.monotonic() < until, child.ended()
        time.sleep(0.2)
    second = gandsl("train", QUICK, "--data", images, "--run-dir", run, *SMALL)
    assert second.exit_code == 4 and "is in use: process" in second.stderr and str(child.pid) in second.stderr
    os.killpg(child.pid, number)  # as a terminal and SLURM do: the data workers get it too
    ended = child.ended()
    assert ended.code == code and "Traceback" not in ended.err and "resume" in ended.err
    assert list((run / "checkpoints").iterdir())


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "--data"),
        (["--data", "nowhere"], 3, "does not exist"),
        (["--data", "mnist", "--device", "cuda:99"], 6, "no device `cuda:99`"),
        (["--data", "mnist", "--device", "quantum"], 6, "no device `quantum`"),
        (["--resume"], 4, "no whole checkpoint"),
        (["--data", "mnist", "--set", "training=null"], 1, "no `training` section"),
    ],
)
def test_train_faults(gandsl: Gandsl, tmp_path: Path, arguments: list[str], code: int, words: str) -> None:
    done = gandsl("train", QUICK, "--run-dir", tmp_path / "run", *arguments)
    assert done.exit_code == code and words in " ".join(done.stderr.split()), done.stderr


def test_sample_faults(gandsl: Gandsl, tmp_path: Path) -> None:
    assert "no run's folder" in gandsl("sample", tmp_path).stderr
    assert "a spec has no weights" in gandsl("sample", QUICK).stderr
    assert gandsl("sample", QUICK, "--weights", tmp_path / "none.safetensors").exit_code == 4
    assert gandsl("sample", QUICK, "--seeds", "5-1").exit_code == 2


def test_number_ranges() -> None:
    assert numbers("0-3,8,5", "--seeds") == [0, 1, 2, 3, 8, 5]
    for wrong in ("", "a", "1-", "3-1", "0-999999999", "1,,2"):
        with pytest.raises(Exception, match="--seeds"):
            numbers(wrong, "--seeds")


def test_python_interface() -> None:
    program = package.compile(QUICK, {"training.batch": 8})
    assert program.name == "quickstart" and program.plan is not None and program.plan.batch == 8
    assert program.spec["training"]["batch"] == 8
    assert program.generator is program.generator
    z, y = torch.randn(2, 64), torch.tensor([0, 1])
    images = program.generator(z, y)
    assert program.discriminator(images, y).shape[0] == 2
    with pytest.raises(SpecError, match="no parameter `nothing`"):
        package.compile(QUICK, {"nothing": 1})

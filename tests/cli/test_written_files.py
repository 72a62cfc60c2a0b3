"""Every file of every command: written aside under a name that no other process has, then named.

An audit hook hears each file that Python opens to write, and each name that is given. What libraries write
past Python (safetensors, PyAV) is seen by its end: it must have been named.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gandsl.cli.app import COMMANDS
from gandsl_runtime.system.files import ASIDE
from tests.cli.conftest import SPECS, Gandsl
from tests.interop.cases import CASES
from tests.interop.forge import ours
from tests.runtime.helpers import folder_of, pixels, png

WRITES_NOTHING = {"check", "show", "cost", "diff", "explain"}
GROWS = {
    "log.jsonl",
    "alarms.jsonl",
    "evaluation.jsonl",
    ".lock",
}  # by lines, or the file itself is the point
ASIDE_NAME = re.compile(rf"\..+\.[0-9a-f]{{8}}{re.escape(ASIDE)}")

_heard: list[tuple[str, str]] | None = None


def _hear(event: str, facts: tuple[Any, ...]) -> None:
    if _heard is None:
        return
    if event == "open" and isinstance(facts[0], str | bytes | os.PathLike):
        if facts[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND):
            _heard.append(("opened", os.fsdecode(facts[0])))
    elif event in ("os.rename", "os.link"):
        _heard.append(("named", os.fsdecode(facts[1])))


@pytest.fixture(scope="module")
def hook() -> None:
    """Hooks can't be taken back: it stays, and is deaf when nobody asks."""
    sys.addaudithook(_hear)


@pytest.fixture
def heard(hook: None) -> Iterator[list[tuple[str, str]]]:
    global _heard
    _heard = []
    yield _heard
    _heard = None


QUICK = SPECS / "quickstart.yaml"
SMALL = (
    "--set",
    "training.batch=4",
    "--set",
    "training.length=3 steps",
    "--set",
    "training.cadence.log=1 steps",
)
ALL = [  # in an order in which each finds what it needs
    ("schema", "-o", "schema.json"),
    ("specs", "hybrids/biggan_r3", "--copy", "mine.yaml"),
    ("graph", QUICK, "-o", "picture.svg"),
    ("graph", QUICK, "-o", "picture.html"),
    ("compile", QUICK, "-o", "generated", "--dump-passes", "passes"),
    ("data", "inspect", "set"),
    ("new", "--data", "set", "-o", "new.yaml", "--hours", "0.1"),
    ("data", "pack", "set", "-o", "set.zip", "--size", "28", "--channels", "1"),
    ("train", QUICK, "--data", "set.zip", "-o", "run", *SMALL),
    ("plot", "run", "-o", "curves.html", "--write-reference", "curves.json"),
    ("eval", "run", "--data", "set.zip", "--metrics", "swd", "--images", "16", "-o", "figures.html"),
    ("sample", "run", "-o", "grid.png", "--seeds", "0-1", "--classes", "0-1"),
    ("sample", "run", "-o", "each", "--seeds", "0-1"),
    ("sample", "run", "-o", "all.zip", "--seeds", "0-1", "--format", "jpg"),
    ("sample", "run", "-o", "grid.webp", "--seeds", "0-1", "--save-latents", "latents.npz"),
    ("sample", "run", "-o", "grid.jpg", "--latents", "latents.npz", "--save-latents", "l.safetensors"),
    ("sample", "run", "-o", "way.gif", "--seeds", "0-1", "--interpolate", "z", "--steps", "2"),
    ("sample", "run", "-o", "way.mp4", "--seeds", "0-1", "--interpolate", "z", "--steps", "2"),
    (
        "export-weights",
        "ours.safetensors",
        "-o",
        "net.pt",
        "--layout",
        "stylegan2-ada-pytorch",
        "--spec",
        "s",
    ),
    ("import", "net.pt", "-o", "imported.safetensors"),
]


def test_every_command_is_here() -> None:
    assert {str(line[0]) for line in ALL} | WRITES_NOTHING == set(COMMANDS)


def test_what_commands_write(gandsl: Gandsl, tmp_path: Path, monkeypatch, heard) -> None:
    pytest.importorskip("av")
    monkeypatch.chdir(tmp_path)
    folder_of({f"{i % 10}/{i}.png": png(image) for i, image in enumerate(pixels(20, (28, 28)))}, Path("set"))
    case = CASES["ada"]
    ours(Path("ours.safetensors"), SPECS / "stylegan2.yaml", case.overrides, case.parts)
    sets = [part for key, value in case.overrides.items() for part in ("--set", f"{key}={value}")]
    given = files(tmp_path)
    heard.clear()
    for line in ALL:
        spec = [SPECS / "stylegan2.yaml" if part == "s" else part for part in line]
        done = gandsl(*spec, *(sets if line[0] == "export-weights" else ()))
        assert done.exit_code == 0, (line, done.stderr)
    new = files(tmp_path) - given
    assert len(new) > 20 and not [path for path in new if path.name.endswith(ASIDE)]
    here = [(what, Path(os.path.abspath(name))) for what, name in heard if name]
    opened = {path for what, path in here if what == "opened" and path.is_relative_to(tmp_path)}
    named = {path for what, path in here if what == "named"}
    opened = {path for path in opened if not path.is_dir()}  # a file without a name, to try the folder
    assert {path.name for path in opened if not ASIDE_NAME.fullmatch(path.name)} <= GROWS
    assert {path.name for path in new - named} <= GROWS


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


RACED = [line for line in ALL if line[0] in ("schema", "graph", "compile") or line[:2] == ("data", "pack")]


@pytest.mark.parametrize(
    "line", RACED, ids=lambda line: f"{line[0]} {line[1]}" if line[0] == "data" else line[0]
)
def test_two_processes_that_write_the_same(line, gandsl: Gandsl, tmp_path: Path, monkeypatch) -> None:
    """Both end, in no traceback; what lies there is whole, and equals what one alone writes."""
    monkeypatch.chdir(tmp_path)
    folder_of({f"{i}.png": png(image) for i, image in enumerate(pixels(40, (28, 28)))}, Path("set"))
    assert gandsl(*line).exit_code == 0
    outputs = [path for path in tmp_path.iterdir() if path.name != "set"]
    alone = {path.relative_to(tmp_path): path.read_bytes() for path in files(tmp_path)}
    for path in outputs:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    racers = []
    for _ in range(3):
        if (racer := os.fork()) == 0:
            done = gandsl(*line)
            os._exit(done.exit_code if "Traceback" not in done.stderr else 99)
        racers.append(racer)
    codes = [os.waitstatus_to_exitcode(os.waitpid(racer, 0)[1]) for racer in racers]
    assert {path.relative_to(tmp_path): path.read_bytes() for path in files(tmp_path)} == alone
    if line[0] == "data":  # an existing file is never replaced: not even a racer's
        assert codes.count(0) == 1 and {*codes} <= {0, 1, 2}
    else:
        assert codes == [0, 0, 0]

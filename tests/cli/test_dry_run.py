"""`gandsl train --dry-run`: it says what would be, checks it, and leaves no trace."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import SPECS, Gandsl
from tests.cli.spoil_files import cut

pytestmark = pytest.mark.processes
QUICK = SPECS / "quickstart.yaml"
SMALL = ("training.batch=4", "training.length=3 steps", "training.cadence={log: 1 steps}")
SETS = [word for one in SMALL for word in ("--set", one)]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    for label in range(10):
        (tmp_path / "images" / str(label)).mkdir(parents=True)
        for index in range(4):
            Image.new("L", (28, 28), 20 * label + index).save(
                tmp_path / "images" / str(label) / f"{index}.png"
            )
    return tmp_path / "images"


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every path below, when it was changed, and its content."""
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in sorted([folder, *folder.rglob("*")])
    }


def test_a_dry_run_says_it_all_and_leaves_no_trace(
    gandsl: Gandsl, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before, command = tree(tmp_path), ["train", QUICK, *SETS, "--data", images, "-o", "runs/x"]
    done = gandsl(*command, "--minutes", "30", "--dry-run")
    assert done.exit_code == 0, done.stderr
    assert tree(tmp_path) == before
    said = " ".join(done.stdout.split())
    for fact in (
        "run runs/x, seed 0 ",
        "generator 440,657 parameters; ",
        f"images 40 of {images}, a folder, 10 classes; as 1×28×28",
        "device cpu, ",
        "plan 3 steps in steps of 4 images",
        "cadence log every 1 steps (0.004 kimg)",
        "ends after 30 minutes at the latest",
        "images read 32 of 40, none broken",
        "memory a step takes ",
        "dry run all is well, and nothing was written",
    ):
        assert fact in said, fact
    assert gandsl(*command).exit_code == 0
    listed = said.split("runs/x: ")[1].split(" images read")[0]
    written = {path.name + "/" * path.is_dir() for path in Path("runs/x").iterdir()} - {".lock"}
    for name in written:
        assert name in listed, name
    assert {one.strip() for one in listed.split(",")} - written == {"alarms.jsonl and guard/ (the guard's)"}

    newest = max(Path("runs/x/checkpoints").iterdir())
    before = tree(tmp_path)
    done = gandsl("train", "runs/x", "--dry-run")
    assert done.exit_code == 0 and "runs/x, goes on from 12 images, seed 0" in done.stdout, done.stderr
    assert tree(tmp_path) == before
    cut(newest, 0.5)
    before = tree(tmp_path)
    done = gandsl("train", "runs/x", "--dry-run")
    assert done.exit_code == 4 and newest.name in done.stderr, done.stderr
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("how", "code", "said"),
    [
        ("memory", 9, "a step takes"),
        ("broken", 3, "3.png"),
        ("device", 6, "there is no device `cuda:7`"),
        ("a file", 1, "runs is no folder"),
        ("spec", 1, "training.batch"),
        ("data", 3, "no images"),
    ],
)
def test_a_dry_run_finds_what_would_stop_the_run(
    gandsl: Gandsl,
    images: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    more: list[str] = []
    if how == "memory":
        monkeypatch.setattr("gandsl_runtime.system.shortage.free", lambda device: 2**20)
    elif how == "broken":
        (images / "9" / "3.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    elif how == "device":
        more = ["--device", "cuda:7"]
    elif how == "a file":
        (tmp_path / "runs").write_text("a file")
    elif how == "spec":
        more = ["--set", "training.batch=0"]
    else:
        images = tmp_path / "nowhere"
    before = tree(tmp_path)
    done = gandsl("train", QUICK, *SETS, *more, "--data", images, "-o", "runs/x", "--dry-run")
    assert (done.exit_code, said in done.stderr) == (code, True), done.stderr
    assert "nothing was written" not in done.stdout and tree(tmp_path) == before


def test_what_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container's limit less what it uses; and never more than the machine has."""
    import os

    import torch

    from gandsl_runtime.system import shortage

    assert shortage._of_the_group(str(tmp_path)) is None
    (tmp_path / "memory.current").write_text("300\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert shortage._of_the_group(str(tmp_path)) is None
    (tmp_path / "memory.max").write_text("1000\n")
    assert shortage._of_the_group(str(tmp_path)) == 700
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 0 < shortage.free(torch.device("cpu")) <= total
    monkeypatch.setattr(shortage, "_of_the_group", lambda: 700)
    assert shortage.free(torch.device("cpu")) == 700

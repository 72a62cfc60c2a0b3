"""`gandsl sample` into many files: formats, long drawings that stop and go on, several processes."""

from __future__ import annotations

import os
import re
import signal
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from PIL import Image

from gandsl_runtime.media import formats
from gandsl_runtime.sample import sample
from gandsl_runtime.system import files
from tests.cli.conftest import Gandsl
from tests.cli.forks import forked
from tests.cli.trained import Trained, fine, folder


@pytest.mark.parametrize("ending", [".jpg", ".jpeg", ".webp", ".PNG"])
def test_grids_in_other_formats(plain: Trained, tmp_path: Path, ending: str) -> None:
    fine(plain("--seeds", "0-3", "--columns", 2, "-o", tmp_path / "g.png"))
    fine(plain("--seeds", "0-3", "--columns", 2, "-o", tmp_path / f"h{ending}"))
    with Image.open(tmp_path / f"h{ending}") as image:
        assert image.format == formats.FORMATS[ending.lower()].name
        found = np.asarray(image.convert("L")).astype(int)
    expected = np.asarray(Image.open(tmp_path / "g.png")).astype(int)
    assert np.abs(found - expected).max() <= (12 if "j" in ending else 0) and np.ptp(expected) > 100


@pytest.mark.parametrize("form", ["png", "jpg", "webp"])
def test_a_zip_is_the_folder(plain: Trained, tmp_path: Path, form: str) -> None:
    options = ["--seeds", "2,7", "--classes", "0,3", "--format", form]
    fine(plain(*options, "-o", tmp_path / "each"), f"4 images: {tmp_path / 'each'}\n")
    fine(plain(*options, "-o", tmp_path / "all.zip"), f"4 images: {tmp_path / 'all.zip'}\n")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == folder(tmp_path / "each")
    names = {f"seed{seed}_class{label}.{form}" for seed in (2, 7) for label in (0, 3)} | {"samples.json"}
    assert set(folder(tmp_path / "each")) == names and not (tmp_path / "all.zip.parts").exists()
    fine(plain(*options, "-o", tmp_path / "all.zip"), "all there already")
    with Image.open(tmp_path / "each" / f"seed7_class3.{form}") as image:
        expected = plain.pixels(sample(plain.generator, [7], [3]))[0].astype(int)
        worst = np.abs(np.asarray(image.convert("L")) - expected).max()
    assert worst <= (12 if form == "jpg" else 1)


def test_a_drawing_goes_on(plain: Trained, tmp_path: Path) -> None:
    """Whatever is missing is drawn again, bit by bit the same, random noise too; the rest is left alone."""
    options = ["--seeds", "0-10", "--batch", 4, "--noise", "random"]
    fine(plain(*options, "-o", tmp_path / "whole"), "11 images: ")
    fine(plain(*options, "-o", tmp_path / "part"))
    for name in ("seed1", "seed2", "seed10"):
        (tmp_path / "part" / f"{name}.png").unlink()
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "part").iterdir()}
    fine(plain(*options, "-o", tmp_path / "part"), "11 images, 8 of them there already")
    assert folder(tmp_path / "part") == folder(tmp_path / "whole")
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    fine(plain(*options, "-o", tmp_path / "part"), "11 images, 11 of them there already")


def test_a_long_drawing_is_not_silent(plain: Trained, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("gandsl.cli.progress.EVERY", 0.0)
    done = plain("--seeds", "0-4", "--batch", 2, "-o", tmp_path / "each")
    assert done.stderr.splitlines() == [f"drawing: {count} of 5" for count in (0, 2, 4, 5)]
    done = plain("--seeds", "0-4", "--batch", 2, "-o", tmp_path / "g.png")
    assert done.stderr.splitlines() == [f"drawing: {count} of 5" for count in (2, 4, 5)]
    monkeypatch.undo()
    assert not plain("--seeds", "0-4", "-o", tmp_path / "g.png").stderr


OTHERWISE = [
    ("--seeds 0-4", "--seeds 0-3, now 0-4"),
    ("--seeds 0-3 --classes 1", "--classes not given, now 1"),
    ("--seeds 0-3 --batch 2", "--batch 32, now 2"),
    ("--seeds 0-3 --noise none", "--noise constant, now none"),
    ("--seeds 0-3 --truncation 0.9", "--truncation not given, now 0.9"),
    ("--seeds 0-3 --latents numpy", "--latents not given, now numpy"),
    ("--seeds 0-3 --format jpg", "--format png, now jpg"),
    ("--seeds 0-3 --standing-statistics 2", "--standing-statistics not given, now 2"),
    ("--seeds 0-3 --interpolate z", "--interpolate not given, now z"),
]


def test_a_folder_of_another_drawing_is_refused(plain: Trained, gandsl: Gandsl, tmp_path: Path) -> None:
    out = tmp_path / "each"
    fine(plain("--seeds", "0-3", "-o", out))
    before = folder(out)
    for options, words in OTHERWISE:
        done = plain(*options.split(), "-o", out)
        assert done.exit_code == 1 and words in done.stderr and "give another folder" in done.stderr, done
    with torch.no_grad():
        next(plain.generator.parameters()).add_(1)
    plain.save()
    done = plain("--seeds", "0-3", "-o", out)
    assert done.exit_code == 1 and "weights " in done.stderr, done.stderr
    assert folder(out) == before
    for content in (b"", b"[1]", b'{"gandsl": "sam', b"\xff"):
        (out / "samples.json").write_bytes(content)
        done = plain("--seeds", "0-3", "-o", out)
        assert done.exit_code == 1 and "can't be read" in done.stderr and "Traceback" not in done.stderr
    (out / "samples.json").unlink()
    done = plain("--seeds", "0-3", "-o", out)
    assert done.exit_code == 1 and "holds seed0.png already, and no samples.json" in done.stderr


def _killed_at(number: int) -> Callable[[], None]:
    """The process dies when it has written its file of that number, and not yet named it."""

    def before() -> None:
        count, usual = iter(range(number)), files._name

        def name(*arguments: object) -> None:
            if next(count, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)
            usual(*arguments)

        files._name = name

    return before


@pytest.mark.processes
def test_a_killed_drawing_goes_on_in_several_processes(plain: Trained, tmp_path: Path) -> None:
    """SIGKILL in the middle; two processes do the rest; the zip is that of one process, byte by byte."""
    options = ["--seeds", "0-59", "--batch", 8, "--noise", "random"]
    command = [*plain.command, *options, "-o", tmp_path / "a.zip"]
    assert forked(command, _killed_at(20)).code == -signal.SIGKILL
    parts = tmp_path / "a.zip.parts"
    there = len(list(parts.glob("*.png")))
    assert 8 <= there <= 19 and list(parts.glob(f".*{files.ASIDE}"))  # some of a batch had not come so far
    assert not (tmp_path / "a.zip").exists()
    fine(
        plain(*options, "-o", tmp_path / "a.zip", "--processes", 2),
        f"60 images, {there} of them there already",
    )
    assert not parts.exists()
    fine(plain(*options, "-o", tmp_path / "b.zip"))
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_the_folder_of_a_zip_that_was_finished_before_it_went(plain: Trained, tmp_path: Path) -> None:
    command = [*plain.command, "--seeds", "0-4", "-o", tmp_path / "a.zip"]
    assert forked(command, _killed_at(6)).code == -signal.SIGKILL  # the zip itself, before it has its name
    assert not (tmp_path / "a.zip").exists()
    fine(plain(*command[len(plain.command) :]), "5 images, 5 of them there already")
    (tmp_path / "a.zip.parts").mkdir()
    (tmp_path / "a.zip.parts" / "seed3.png").touch()
    fine(plain(*command[len(plain.command) :]), "5 images, all there already")
    assert not (tmp_path / "a.zip.parts").exists()


@pytest.mark.thorough
@pytest.mark.parametrize("whom", ["a worker", "the parent", "Ctrl-C"])
def test_a_process_of_several_dies(plain: Trained, process: Callable, tmp_path: Path, whom: str) -> None:
    """A worker's death is told once and loses nothing; the parent's end is its workers'."""
    out = tmp_path / "many"
    running = process(*plain.command, "--seeds", "0-19999", "--batch", 4, "--processes", 2, "-o", out)
    parent = psutil.Process(running.pid)
    until = time.monotonic() + 120
    while len(list(out.glob("*.png")) if out.exists() else ()) < 20 and time.monotonic() < until:
        time.sleep(0.05)
    workers = [child for child in parent.children() if "spawn_main" in " ".join(child.cmdline())]
    assert len(workers) == 2
    if whom == "Ctrl-C":
        parent.send_signal(signal.SIGINT)
    else:
        (workers[0] if whom == "a worker" else parent).kill()
    _, said = running.communicate(timeout=60)
    if whom == "a worker":
        assert running.returncode == 1 and said.count("error: ") == 1 and "the same call goes on" in said
    elif whom == "Ctrl-C":
        assert running.returncode == 130, said
        assert re.fullmatch(rf"stopped; \d+ of 20000 images are in {out}: the same call goes on\n", said), (
            said
        )
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert not alive
    assert all(Image.open(path).size == (14, 14) for path in out.glob("*.png"))


def test_torchruns_processes_draw_a_share_each(
    plain: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ["--seeds", "0-9", "--batch", 3]
    fine(plain(*options, "-o", tmp_path / "one"))
    monkeypatch.setenv("WORLD_SIZE", "2")
    for rank, count in (("0", 6), ("1", 4)):
        monkeypatch.setenv("RANK", rank)
        fine(
            plain(*options, "-o", tmp_path / "two", "--save-latents", tmp_path / f"{rank}.npz"), f"{count} im"
        )
    assert folder(tmp_path / "one") == folder(tmp_path / "two")
    assert (tmp_path / "0.npz").exists() and not (tmp_path / "1.npz").exists()
    for more in (["-o", tmp_path / "x.png"], ["-o", tmp_path / "x.zip"], ["-o", tmp_path, "--processes", 2]):
        done = plain(*options, *more)
        assert done.exit_code == 2 and "torchrun's processes draw one image each into a folder" in done.stderr
    monkeypatch.setenv("RANK", "2")
    assert plain(*options, "-o", tmp_path / "three").exit_code == 6

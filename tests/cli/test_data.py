"""`gandsl data inspect` and `gandsl data pack`: text, JSON, exit codes, and what stops them."""

from __future__ import annotations

import json
import resource
import signal
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.cli.conftest import SPECS, Gandsl
from tests.runtime.helpers import folder_of, labels_json, pixels, png

QUICK = SPECS / "quickstart.yaml"  # 28×28, gray, ten classes


def files(count: int = 20, size: tuple[int, int] = (28, 28), channels: int = 1) -> dict[str, bytes]:
    return {f"{i % 10}/{i}.png": png(image) for i, image in enumerate(pixels(count, size, channels))}


@pytest.fixture
def fine(tmp_path: Path) -> Path:
    return folder_of(files(), tmp_path / "fine")


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """Sizes, a copy, a broken file with a long name and one with a name that would colour the terminal."""
    some = files(12, (64, 96), 3)
    some |= {"0/copy.png": some["0/0.png"], f"0/{'x' * 100}.png": b"no", "0/\x1b[31m.png": b""}
    some |= {f"9/{i}.png": png(pixels(1, (20 + i, 30))[0]) for i in range(8)}
    return folder_of(some, tmp_path / "odd")


def test_inspect_a_fine_set(gandsl: Gandsl, fine: Path) -> None:
    done = gandsl("data", "inspect", fine, "--spec", QUICK)
    assert done.exit_code == 0, done.stderr
    rows = dict(line.split(None, 1) for line in done.stdout.splitlines() if line[:1].strip())
    assert rows["images"].startswith("20 in a folder") and rows["size"].startswith("28×28")
    assert rows["channels"] == "1" and rows["classes"] == "10 class folders, 2 images each"
    assert [line.split()[0] for line in done.stdout.splitlines()[-3:]] == ["fits"] * 3


def test_inspect_an_odd_set_within_80_columns(gandsl: Gandsl, odd: Path) -> None:
    done = gandsl("data", "inspect", odd, "--spec", QUICK)
    assert done.exit_code == 3 and "Traceback" not in done.stderr
    said = done.stdout
    assert max(len(line) for line in said.splitlines()) <= 80
    assert "broken      2 can't be read:" in said and "\\x1b[31m.png" in said and "\x1b" not in said
    assert "copies      1 image repeats another's pixels" in said and "0/copy.png = 0/0.png" in said
    words = " ".join(said.split())
    assert "64×96 (13), 20×30 (1)" in words and "height 20 to 64, width 30 to 96" in words
    assert "4 others" in words
    assert "error broken: 2 of 23 images" in words and "shrunk to 28×28" in words


def test_inspect_as_json(gandsl: Gandsl, odd: Path, fine: Path) -> None:
    done = gandsl("data", "inspect", odd, "--spec", QUICK, "--format", "json")
    body = json.loads(done.stdout)
    assert done.exit_code == 3 and body["gandsl"] == "data-inspect/1" and body["images"] == 23
    assert body["sizes"][0] == {"h": 64, "w": 96, "images": 13}
    assert body["channels"] == {"3": 13, "1": 8} and body["formats"] == {"PNG": 21}
    assert body["classes"]["0"] == 5 and body["class_names"] == [str(i) for i in range(10)]
    assert len(body["broken"]) == 2 and body["copies"] == {"0/0.png": ["0/copy.png"]}
    assert {need["level"] for need in body["needs"]} == {"error", "note", "fits"}
    assert json.loads(gandsl("data", "inspect", fine, "--format", "json").stdout)["needs"] is None


def test_inspect_says_what_training_would_refuse(gandsl: Gandsl, tmp_path: Path) -> None:
    some = {f"{i}.png": png(image) for i, image in enumerate(pixels(3, (28, 28)))}
    where = folder_of(
        some | {"labels.json": labels_json([[f"{i}.png", 10] for i in range(3)])}, tmp_path / "set"
    )
    assert gandsl("data", "inspect", where).exit_code == 0
    done = gandsl("data", "inspect", where, "--spec", QUICK)
    assert done.exit_code == 3 and "as class 10" in done.stdout
    assert gandsl("train", QUICK, "--data", where, "--run-dir", tmp_path / "run").exit_code == 3


def test_inspect_an_uneven_set_and_mend_it(gandsl: Gandsl, tmp_path: Path) -> None:
    some = {f"{int(i >= 20)}/{i}.png": png(image) for i, image in enumerate(pixels(21, (28, 28)))}
    where = folder_of(some, tmp_path / "set")
    two = ("--set", "classes=2")
    done = gandsl("data", "inspect", where, "--spec", QUICK, *two)
    words = " ".join(done.stdout.split())
    assert "most in 0 (0): 20, fewest in 1 (1): 1, 20:1" in words
    assert (
        "note classes: 20:1 between the largest and the smallest; training.data.balance: true draws" in words
    )
    done = gandsl("data", "inspect", where, "--spec", QUICK, *two, "--set", "training.data.balance=true")
    assert "20:1 between the largest and the smallest; drawn evenly" in " ".join(done.stdout.split())


def test_inspect_and_pack_12_bits(gandsl: Gandsl, tmp_path: Path) -> None:
    deep = pixels(4, (28, 28)).astype("uint16") * 16
    where = folder_of({f"{i}.png": png(image) for i, image in enumerate(deep)}, tmp_path / "set")
    body = json.loads(gandsl("data", "inspect", where, "--format", "json").stdout)
    assert body["peaks"] == {"16": 4080}
    words = " ".join(gandsl("data", "inspect", where).stdout.split())
    assert "levels values of 16-bit images use 4,081 of 65,536 levels" in words
    assert "training.data.white: 4095" in words
    out = tmp_path / "out.zip"
    assert gandsl("data", "pack", where, "-o", out, "--size", "28", "--white", "4080").exit_code == 0
    assert json.loads(gandsl("data", "inspect", out, "--format", "json").stdout)["peaks"] == {"8": 255}


def test_pack_then_train(gandsl: Gandsl, fine: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.zip"
    done = gandsl("data", "pack", fine, "-o", out, "--size", "28", "--channels", "1")
    assert done.exit_code == 0 and "20 images, 10 classes" in done.stdout, done.stderr
    short = ["--set", "training.batch=4", "--set", "training.length=2 steps"]
    done = gandsl("train", QUICK, "--data", out, "--run-dir", tmp_path / "run", "--device", "cpu", *short)
    assert done.exit_code == 0, done.stderr


def test_pack_decoded_then_look_then_train(gandsl: Gandsl, fine: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    decoded = ["--size", "28", "--channels", "1", "--format", "npy"]
    done = gandsl("data", "pack", fine, "-o", out, *decoded)
    assert done.exit_code == 0 and "20 images, 10 classes, 15." in done.stdout, done.stderr
    done = gandsl("data", "inspect", out, "--spec", QUICK)
    assert done.exit_code == 0 and "20 in a decoded pack" in done.stdout and done.stdout.count("  fits") == 3
    short = ["--set", "training.batch=4", "--set", "training.length=2 steps"]
    done = gandsl("train", QUICK, "--data", out, "--run-dir", tmp_path / "run", "--device", "cpu", *short)
    assert done.exit_code == 0, done.stderr
    (out / "00000.npy").write_bytes((out / "00000.npy").read_bytes()[:-1])
    for command in (["data", "inspect", out], ["train", tmp_path / "run"]):
        done = gandsl(*command)
        assert done.exit_code == 3 and "00000.npy is not as `gandsl data pack` writes it" in done.stderr


def test_pack_options(gandsl: Gandsl, fine: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.zip"
    wanted = ["--size", "32x48", "--filter", "box", "--crop", "pad", "--channels", "4", "--format", "webp"]
    done = gandsl("data", "pack", fine, "-o", out, *wanted, "--labels", "none")
    assert done.exit_code == 0 and "no labels" in done.stdout and "20 images were smaller" in done.stderr
    with zipfile.ZipFile(out) as archive, archive.open("00000/img00000000.webp") as file:
        image = Image.open(file)
        assert (image.size, image.mode) == ((48, 32), "RGBA")
        facts = json.loads(archive.read("dataset.json"))
    assert facts["labels"] is None and facts["packed"]["filter"] == "box"


def test_pack_takes_labels_of_a_file(gandsl: Gandsl, fine: Path, tmp_path: Path) -> None:
    names = sorted(files())
    (tmp_path / "mine.json").write_bytes(labels_json([[name, i] for i, name in enumerate(names)]))
    done = gandsl(
        "data", "pack", fine, "-o", tmp_path / "out.zip", "--size", "8", "--labels", tmp_path / "mine.json"
    )
    assert done.exit_code == 0 and "20 classes" in done.stdout


def test_pack_skips_and_tells(gandsl: Gandsl, odd: Path, tmp_path: Path) -> None:
    done = gandsl("data", "pack", odd, "-o", tmp_path / "out.zip", "--size", "8")
    assert done.exit_code == 3 and "can't read 0/\\x1b[31m.png" in done.stderr
    assert "--skip-broken" in done.stderr
    assert not (tmp_path / "out.zip").exists()
    done = gandsl("data", "pack", odd, "-o", tmp_path / "out.zip", "--size", "8", "--skip-broken")
    assert (
        done.exit_code == 0 and "21 images, 2 skipped" in done.stdout and done.stderr.count("skipped 0/") == 2
    )


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nowhere", "--size", "8"], 3, "does not exist"),
        (["--size", "8x"], 2, "height and width as 96x160"),
        (["--size", "0"], 2, "other sizes"),
        (["--size", "8", "--format", "webp", "--channels", "1"], 2, "webp holds 3 or 4"),
        (["--size", "8", "-o", "out.tar"], 2, "must end in .zip"),
        (["--size", "8", "-o", "there.zip"], 2, "there already"),
        (["--size", "8", "--format", "npy"], 2, "out.zip is to be a folder: leave .zip out"),
        (["--size", "8", "--format", "npy", "-o", "fine"], 2, "fine is there already"),
        (["--size", "8", "--labels", "nowhere.json"], 1, "nowhere.json: no such file"),
        ([], 2, "--size"),
    ],
)
def test_pack_faults(
    gandsl: Gandsl, fine: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, words: str
) -> None:
    monkeypatch.chdir(fine.parent)
    Path("there.zip").touch()
    where = [] if arguments[:1] == ["nowhere"] else ["fine"]
    output = [] if "-o" in arguments else ["-o", "out.zip"]
    done = gandsl("data", "pack", *where, *output, *arguments)
    assert done.exit_code == code and words in " ".join(done.stderr.replace("│", "").split()), done.stderr
    assert not Path("out.zip").exists()


def test_inspect_faults(gandsl: Gandsl, tmp_path: Path, broken: Path) -> None:
    assert gandsl("data", "inspect", tmp_path / "nowhere").exit_code == 3
    empty = folder_of({"a/readme.txt": b""}, tmp_path / "empty")
    done = gandsl("data", "inspect", empty)
    assert done.exit_code == 3 and "no images in" in done.stderr
    assert gandsl("data", "inspect", "mnist", "--spec", broken).exit_code == 1
    assert gandsl("data").exit_code == 2 and gandsl("data", "nope").exit_code == 2


def test_help_fits(gandsl: Gandsl) -> None:
    for command in ("inspect", "pack"):
        done = gandsl("data", command, "--help")
        assert done.exit_code == 0 and max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize("form", [["set.zip"], ["set", "--format", "npy"]], ids=["zip", "npy"])
def test_a_full_disk_leaves_nothing_behind(
    process: Callable[..., Any], fine: Path, tmp_path: Path, form: list[str]
) -> None:
    def small() -> None:  # a file may have 20 kB: the disk is as good as full
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    out = tmp_path / "out"
    child = process("data", "pack", fine, "--size", "64", "-o", out / form[0], *form[1:], preexec_fn=small)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 5 and "no space left" in said and "Traceback" not in said
    assert not list(out.iterdir())


def test_ctrl_c_leaves_nothing_behind(process: Callable[..., Any], tmp_path: Path) -> None:
    many = folder_of(files(400, (64, 64), 3), tmp_path / "many")
    out = tmp_path / "out" / "set.zip"
    child = process("data", "pack", many, "-o", out, "--size", "1500", "--workers", "2")
    until = time.monotonic() + 60
    while not (out.parent.exists() and list(out.parent.iterdir())):
        assert child.poll() is None and time.monotonic() < until, child.communicate()
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 130 and "Traceback" not in said
    assert not list(out.parent.iterdir())

"""`gandsl train RUN`: a run is its own truth. What else a command line says is shown, taken if told so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gandsl_runtime.runs import checkpoint
from gandsl_runtime.runs.record import recorded
from tests.cli.conftest import Gandsl
from tests.cli.test_moved import NEW, OLD


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two specs, images, and a run of the first: of six steps it has taken one."""
    from typer.testing import CliRunner

    from gandsl.cli.app import app

    folder = tmp_path_factory.mktemp("goes_on")
    (folder / "old.yaml").write_text(OLD)
    (folder / "new.yaml").write_text(NEW)
    images(folder / "set", 0)
    line = ["train", folder / "old.yaml", "--data", folder / "set", "-o", folder / "run", "--device", "cpu"]
    more = ["--set", "training.length=24 img", "--seed", "3", "--minutes", "0", "--tensorboard"]
    done = CliRunner().invoke(app, [str(part) for part in (*line, *more)])
    assert done.exit_code == 0 and "stopped after 4 images" in done.stdout, done.output
    return folder


@pytest.fixture
def folder(begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same for each test; what a process in another folder sees of it is the run alone."""
    shutil.copytree(begun, tmp_path / "here")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return tmp_path / "here"


def images(folder: Path, seed: int) -> None:
    folder.mkdir()
    for index, pixels in enumerate(np.random.default_rng(seed).integers(0, 256, (12, 8, 8), dtype=np.uint8)):
        Image.fromarray(pixels).save(folder / f"{index}.png")


def test_a_run_goes_on_with_all_that_it_began_with(gandsl: Gandsl, folder: Path) -> None:
    spec = (folder / "run" / "spec.yaml").read_bytes()
    before = recorded(folder / "run" / "run.json")
    done = gandsl("train", folder / "run")
    assert done.exit_code == 0 and "done after 24 images" in done.stdout, done.stderr
    after = recorded(folder / "run" / "run.json")
    assert before and after and (before.run, before.seed, before.how) == (after.run, 3, after.how)
    assert after.how.tensorboard and after.how.device == "cpu" and len(after.sessions) == 2
    assert len(list((folder / "run" / "tensorboard").iterdir())) == 2
    assert (folder / "run" / "spec.yaml").read_bytes() == spec
    _, _, facts, _ = checkpoint.newest(folder / "run" / "checkpoints")
    assert facts.run == after.run == before.run and facts.plan.length.amount == 24


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["{spec}", "--resume", "-o", "{run}", "--set", "training.length=9 kimg"], "length: 24 img → 9 kimg"),
        (["{run}", "--set", "training.optimizer.lr=1e-3"], "optimizer lr 0.002 → 0.001"),
        (["{run}", "--data", "{other}"], "12 of the 12 images that were looked at, such as 0.png"),
        (["{run}", "--data", "{fewer}"], "images: 12 → 1"),
    ],
)  # fmt: skip
def test_what_is_otherwise_is_shown_and_taken_when_it_is_to_change(
    more: list[str], words: str, gandsl: Gandsl, folder: Path
) -> None:
    images(folder / "other", 1)
    (folder / "fewer").mkdir()
    shutil.copy(folder / "set" / "0.png", folder / "fewer")
    places = {name: folder / name for name in ("run", "other", "fewer")} | {"spec": folder / "old.yaml"}
    line = [part.format(**places) for part in more]
    before = contents(folder / "run")
    done = gandsl("train", *line)
    said = " ".join(done.stderr.split())
    assert done.exit_code == 4 and words in said and "--change" in said, done.stderr
    assert contents(folder / "run") == before
    spec = (folder / "run" / "spec.yaml").read_text()
    done = gandsl("train", *line, "--change", "--minutes", "0")
    assert done.exit_code == 0, done.stderr
    kept = folder / "run" / "spec-000000000004.yaml"
    changed = "--set" in more
    assert kept.exists() == changed and (not changed or kept.read_text() == spec)
    done = gandsl("train", *line, "--minutes", "0")  # the same command again is no change any more
    assert done.exit_code == 0, done.stderr
    assert gandsl("train", folder / "run", "--minutes", "0").exit_code == 0


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_the_first_command_line_again_goes_on_in_silence(gandsl: Gandsl, folder: Path) -> None:
    """As a scheduler gives it; `--set` to what was set is no change."""
    line = ["train", folder / "old.yaml", "--data", folder / "set", "-o", folder / "run", "--seed", "3"]
    done = gandsl(*line, "--set", "training.length=24 img", "--continue")
    assert done.exit_code == 0 and "done after 24 images" in done.stdout, done.stderr
    assert "change" not in done.stderr


def test_the_same_images_elsewhere_are_the_same(gandsl: Gandsl, folder: Path) -> None:
    archive = shutil.make_archive(str(folder / "packed"), "zip", folder / "set")
    shutil.rmtree(folder / "set")
    assert gandsl("train", folder / "run", "--data", archive).exit_code == 0
    record = recorded(folder / "run" / "run.json")
    assert record and record.data.where == archive


@pytest.mark.parametrize("change", [[], ["--change"]])
def test_other_networks_are_refused_with_their_keys(change: list[str], gandsl: Gandsl, folder: Path) -> None:
    text = OLD.replace("{op: reshape, channels: 4", "{op: reshape, channels: 2").replace(
        "features: 64", "features: 32"
    )
    (folder / "other.yaml").write_text(text)
    done = gandsl("train", folder / "other.yaml", "-o", folder / "run", "--resume", *change)
    assert done.exit_code == 4 and "weights don't fit" in done.stderr, done.stderr
    assert "dense.weight" in done.stderr and "another folder" in done.stderr


def test_what_a_run_cannot_change(gandsl: Gandsl, folder: Path) -> None:
    done = gandsl("train", folder / "run", "--seed", "4")
    assert done.exit_code == 4 and "the run has the seed 3, not 4" in done.stderr
    done = gandsl("train", folder / "run", "--set", "training.data.range=[0, 1]", "--change")
    assert done.exit_code == 4 and "old range" in done.stderr
    assert gandsl("train", folder / "old.yaml", "--data", folder / "set", "--change").exit_code == 2
    assert gandsl("train", folder / "run", "-o", folder / "x").exit_code == 2
    assert "no run's folder" in " ".join(gandsl("train", folder / "set").stderr.split())


def test_new_names_are_taken_on(gandsl: Gandsl, folder: Path) -> None:
    """Unsaid, a run goes on under its own names; told to change, under the new ones, and samples by them."""
    line = ["train", folder / "new.yaml", "-o", folder / "run", "--resume"]
    assert gandsl(*line, "--minutes", "0").exit_code == 0
    assert "rgb" in (folder / "run" / "spec.yaml").read_text().split("moved")[0]
    assert gandsl(*line, "--change").exit_code == 0
    assert "torgb" in (folder / "run" / "spec.yaml").read_text()
    path, tensors, *_ = checkpoint.newest(folder / "run" / "checkpoints")
    assert int(path.stem) == 24 and "average/torgb.weight" in tensors
    for weights in checkpoint.found_in(folder / "run" / "checkpoints"):
        done = gandsl("sample", folder / "run" / "spec.yaml", "--weights", weights, "-o", folder / "x.png")
        assert done.exit_code == 0, done.stderr


def test_a_spec_changed_by_hand_is_seen(gandsl: Gandsl, folder: Path) -> None:
    spec = folder / "run" / "spec.yaml"
    spec.write_text(spec.read_text().replace("24 img", "40 img"))
    done = gandsl("train", folder / "run")
    assert done.exit_code == 4 and "length: 24 img → 40 img" in done.stderr
    assert "done after 40" in gandsl("train", folder / "run", "--change").stdout


@pytest.mark.parametrize("lost", ["spec.yaml", "run.json", "plan.json"])
@pytest.mark.parametrize("how", ["gone", "garbled"])
def test_a_file_of_the_folder_that_is_lost(lost: str, how: str, gandsl: Gandsl, folder: Path) -> None:
    """All that decides the run is in its checkpoints: it goes on, or says what to type."""
    path = folder / "run" / lost
    path.unlink() if how == "gone" else path.write_text("\0[")
    line = ["train", folder / "old.yaml", "--set", "training.length=24 img", "-o", folder / "run", "--resume"]
    done = gandsl(*line, "--device", "cpu")
    assert done.exit_code == 0 and "done after 24 images" in done.stdout, done.stderr
    record = recorded(folder / "run" / "run.json")
    assert (
        record and record.seed == 3 and json.loads((folder / "run" / "plan.json").read_text())["batch"] == 4
    )

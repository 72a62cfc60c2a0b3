"""A run folder as an earlier version wrote it: it resumes and samples, or is refused in words.

It lies in tests/data/run_format_2, and is never made anew: what it holds is what users have on their disks.
`after.*` is how that version went on.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import Result

from gandsl import compile as gandsl_compile
from gandsl_runtime.game.saved import named_now
from gandsl_runtime.runs import checkpoint
from tests.cli.conftest import ROOT, Gandsl
from tests.runtime.helpers import reproducible

DATA = ROOT / "tests" / "data" / "run_format_2"
FAR = 0.05  # where two steps of Adam from the same weights may lead, by other draws


@pytest.fixture
def run(tmp_path: Path) -> Path:
    shutil.copytree(DATA, tmp_path / "all")
    return tmp_path / "all" / "run"


def resumed(gandsl: Gandsl, run: Path, *more: str) -> Result:
    images = run.parent / "images.zip"
    words = ("-o", run, "--resume", "--data", images, "--device", "cpu", *more)
    return gandsl("train", run / "spec.yaml", *words)


def test_its_draws_are_of_another_version(gandsl: Gandsl, run: Path) -> None:
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    done = resumed(gandsl, run)
    assert done.exit_code == 4, done.stderr
    assert "was trained with draws of version 1" in done.stderr
    assert "--change" in done.stderr and "the version that trained it, 0.1.0" in done.stderr
    assert before == {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}


def test_it_goes_on_with_new_draws(gandsl: Gandsl, run: Path) -> None:
    done = resumed(gandsl, run, "--change")
    assert done.exit_code == 0 and "done after 32 images" in done.stdout, done.stderr
    _, tensors, facts, refused = checkpoint.newest(run / "checkpoints")
    written, wanted_facts = checkpoint.read(run.parent / "after.safetensors")
    game = gandsl_compile(run / "spec.yaml").game
    assert game is not None
    wanted = named_now(written, game.plan.states)
    assert tensors.keys() == wanted.keys() and not refused
    for name, tensor in tensors.items():
        if name.startswith(("generator/", "discriminator/", "average/")):
            assert torch.allclose(tensor, wanted[name], rtol=0, atol=FAR), name
    counted, before = (
        checkpoint.run_facts(run, one).counters.model_dump(exclude={"guard", "moved"})
        for one in (facts, wanted_facts)
    )
    assert counted == before
    record, last = (
        reproducible(json.loads(path.read_text().splitlines()[-1]))
        for path in (run / "log.jsonl", run.parent / "after.jsonl")
    )
    assert record.keys() == last.keys()
    assert json.loads((run / "run.json").read_text())["draws"] == 2


def test_it_samples(gandsl: Gandsl, run: Path) -> None:
    grid = run.parent / "grid.png"
    done = gandsl("sample", run, "--seeds", "0-3", "--device", "cpu", "-o", grid)
    assert done.exit_code == 0, done.stderr
    assert np.asarray(Image.open(grid)).std() > 10


def test_its_checkpoint_alone(gandsl: Gandsl, run: Path) -> None:
    weights = run.parent / "after.safetensors"
    done = gandsl("sample", run / "spec.yaml", "--weights", weights, "--seeds", "0", "-o", run / "one.png")
    assert done.exit_code == 0 and (run / "one.png").is_file(), done.stderr

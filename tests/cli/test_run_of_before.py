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

from gandsl_runtime import checkpoint
from gandsl_runtime.pace import reproducible
from tests.cli.conftest import ROOT, Gandsl

DATA = ROOT / "tests" / "data" / "run_format_2"
CLOSE = {"rtol": 1e-3, "atol": 1e-5}  # two steps; another machine adds in another order


@pytest.fixture
def run(tmp_path: Path) -> Path:
    shutil.copytree(DATA, tmp_path / "all")
    return tmp_path / "all" / "run"


def test_it_resumes(gandsl: Gandsl, run: Path) -> None:
    images = run.parent / "images.zip"
    done = gandsl("train", run / "spec.yaml", "-o", run, "--resume", "--data", images, "--device", "cpu")
    assert done.exit_code == 0 and "done after 32 images" in done.stdout, done.stderr
    _, tensors, facts, refused = checkpoint.newest(run / "checkpoints")
    wanted, wanted_facts = checkpoint.read(run.parent / "after.safetensors")
    assert tensors.keys() == wanted.keys() and not refused
    for name, tensor in tensors.items():
        if name != "guard/looks":  # bits
            assert torch.allclose(tensor, wanted[name], **CLOSE), name
    counted, before = (
        checkpoint.run_facts(run, one).counters.model_dump(exclude={"guard": {"series"}})
        for one in (facts, wanted_facts)
    )
    assert counted == before
    record, last = (
        reproducible(json.loads(path.read_text().splitlines()[-1]))
        for path in (run / "log.jsonl", run.parent / "after.jsonl")
    )
    assert record == pytest.approx(last, rel=1e-3)


def test_it_samples(gandsl: Gandsl, run: Path) -> None:
    grid = run.parent / "grid.png"
    done = gandsl("sample", run, "--seeds", "0-3", "--device", "cpu", "-o", grid)
    assert done.exit_code == 0, done.stderr
    assert np.asarray(Image.open(grid)).std() > 10


def test_its_checkpoint_alone(gandsl: Gandsl, run: Path) -> None:
    weights = run.parent / "after.safetensors"
    done = gandsl("sample", run / "spec.yaml", "--weights", weights, "--seeds", "0", "-o", run / "one.png")
    assert done.exit_code == 0 and (run / "one.png").is_file(), done.stderr

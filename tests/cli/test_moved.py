"""`moved:` carries what was trained under the old names, wherever it is read: weights, moments, averages."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import gandsl as package
from gandsl_runtime.data.sources import Arrays
from gandsl_runtime.runs import checkpoint
from gandsl_runtime.runs.checkpoint import load_weights
from gandsl_runtime.runs.record import MachineOptions
from gandsl_runtime.training.trainer import Trainer
from tests.cli.conftest import Gandsl
from tests.runtime import nets

OLD = """
gandsl: 1
name: old
generator:
  inputs: {z: "Latent[4]"}
  body:
    dense: {op: linear, features: 64}
    start: {op: reshape, channels: 4, size: 4}
    stages: {topology: plain, over: "doubling(8, 8)", stage: {use: residual.up, channels: 4}}
    rgb: {op: conv, channels: 1}
    image: {op: tanh}
discriminator:
  inputs: {image: "Image[1, 8]"}
  body:
    stages: {topology: plain, over: "halving(8, 8)", stage: {use: residual.down, channels: 4, first: first}}
    head: {block: head.projection}
training:
  length: 24 img
  batch: 4
  loss: hinge
  optimizer: {kind: adam, lr: 2e-3, betas: [0.5, 0.9]}
  ema: {half_life: 10 img}
  guard: {samples: 8, warm_up: 4, window: 8}
  cadence: {log: 1 steps, checkpoint: 4 img}
"""
NEW = """
gandsl: 1
extends: old.yaml
name: new
patch:
  - insert_after: {at: generator.stages, name: torgb, node: {op: conv, channels: 1}}
  - delete: generator.rgb
  - insert_after: {at: discriminator.stages, name: verdict, node: {block: head.projection}}
  - delete: discriminator.head
moved: {generator.rgb: generator.torgb, discriminator.head: discriminator.verdict}
"""
SET = Arrays(np.random.default_rng(0).integers(0, 256, (12, 8, 8), dtype=np.uint8))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two specs, the second with other names, and a run of the first: of six steps it has taken three."""
    folder = tmp_path_factory.mktemp("moved")
    (folder / "old.yaml").write_text(OLD)
    (folder / "new.yaml").write_text(NEW)
    run = trainer(folder, "old", folder / "run")
    for _ in range(3):
        run.step()
    run.save()
    return folder


def trainer(folder: Path, name: str, run_dir: Path | None, resume: bool = False) -> Trainer:
    program = package.compile(folder / f"{name}.yaml")
    torch.manual_seed(0)
    common: dict[str, Any] = {"data": SET, "observing": (), "machine": MachineOptions(device="cpu")}
    if resume:
        assert run_dir is not None
        return nets.resumed(run_dir, program.game, plan=program.plan, **common)
    assert program.plan is not None
    return nets.trainer_of(program.plan, program.game, run_dir=run_dir, **common)


def renamed(key: str) -> str:
    return key.replace("/rgb.", "/torgb.").replace("/head.", "/verdict.")


def test_a_run_goes_on_under_the_new_names(folder: Path) -> None:
    """Where the run under the old names comes to, to the bit: weights, moments, averages, running norms."""
    old, new = (trainer(folder, name, folder / "run", resume=True) for name in ("old", "new"))
    for run in (old, new):
        for _ in range(3):
            run.step()
    expected = {renamed(key): tensor for key, tensor in old.state.tensors().items()}
    found = new.state.tensors()
    assert found.keys() == expected.keys() and any("torgb" in k and "exp_avg" in k for k in found)
    assert all(found[key].equal(tensor) for key, tensor in expected.items() if not key.startswith("guard/"))


def test_samples_are_those_of_the_old_names(gandsl: Gandsl, folder: Path) -> None:
    pixels = []
    for name in ("old", "new"):
        image = folder / f"{name}.png"
        done = gandsl(
            "sample", folder / f"{name}.yaml", "--weights", folder / "run", "-o", image, "--device", "cpu"
        )
        assert done.exit_code == 0, done.stderr
        pixels.append(np.asarray(Image.open(image)))
    assert np.array_equal(*pixels)


def test_printed_source_takes_them_too(gandsl: Gandsl, folder: Path) -> None:
    done = gandsl("compile", folder / "new.yaml", "-o", folder / "printed")
    assert done.exit_code == 0, done.stderr
    where = importlib.util.spec_from_file_location("printed_generator", folder / "printed" / "generator.py")
    assert where is not None and where.loader is not None
    module = importlib.util.module_from_spec(where)
    where.loader.exec_module(module)
    network = module.Generator()
    load_weights(folder / "run", network, "generator")
    _, tensors, *_ = checkpoint.newest(folder / "run" / "checkpoints")
    for key, tensor in network.state_dict().items():
        assert tensor.equal(tensors[f"generator/{key.replace('torgb', 'rgb')}"])


def test_without_moved_the_keys_are_named(gandsl: Gandsl, folder: Path) -> None:
    spec = folder / "unsaid.yaml"
    spec.write_text(NEW.rpartition("moved:")[0])
    done = gandsl("sample", spec, "--weights", folder / "run", "-o", folder / "x.png")
    assert done.exit_code == 4 and "torgb.bias" in done.stderr and "rgb.weight" in done.stderr

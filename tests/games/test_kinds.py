"""Games whose networks take other kinds than an image or a latent, through all that a spec is for."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import gandsl
from gandsl.codegen.package import render
from gandsl.diff import compare
from gandsl_runtime.data.sources import NamedArrays
from gandsl_runtime.runs import checkpoint
from gandsl_runtime.training.trainer import Trainer
from tests.cli.conftest import Gandsl
from tests.games.kinds import GAMES
from tests.runtime.helpers import assert_same

COUNT = 12


def items() -> dict[str, np.ndarray]:
    """Fields of the games' items, by name."""
    rng = np.random.default_rng(0)
    return {
        "image": rng.integers(0, 256, (COUNT, 8, 8, 3)).astype(np.uint8),
        "edges": rng.integers(0, 256, (COUNT, 8, 8)).astype(np.uint8),
        "text": rng.normal(size=(COUNT, 5)).astype(np.float32),
        "y": rng.integers(0, 4, COUNT),
        "row": rng.normal(size=(COUNT, 5)).astype(np.float32),
        "seq": rng.normal(size=(COUNT, 3, 4)).astype(np.float32),
    }


@pytest.fixture
def spec(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"{request.param}.yaml"
    path.write_text(GAMES[request.param])
    return path


@pytest.mark.parametrize("spec", GAMES, indirect=True)
def test_they_are_fine_and_printed(spec: Path) -> None:
    """No error, no warning; the source has every network and the game; diff tells what differs."""
    program = gandsl.compile(spec)
    assert not program.warnings
    files = render(program.module)
    assert {f"{name}.py" for name in (*program.module.networks, "game")} <= files.keys()
    other = gandsl.compile(spec, {"training.batch": 8}).module
    assert [one.path for one in compare(program.module, other).plan] == ["batch"]


@pytest.mark.parametrize(
    "spec",
    ["text", "vectors", *(pytest.param(name, marks=pytest.mark.thorough) for name in ("bigan", "pairs"))],
    indirect=True,
)
def test_they_train_on_arrays(spec: Path, tmp_path: Path) -> None:
    """Three steps; stopped after each and gone on with, to the bit."""
    source = NamedArrays(items())

    def made(where: str) -> Trainer:
        torch.manual_seed(0)
        program = gandsl.compile(spec)
        assert program.plan is not None and program.game is not None
        return Trainer(program.plan, program.game, data=source, run_dir=tmp_path / where, observing=())

    assert made("whole").run()
    made("parts").run(minutes=0)
    for _ in range(2):
        program = gandsl.compile(spec)
        assert program.game is not None
        Trainer.resume(tmp_path / "parts", program.game, data=source, observing=()).run(minutes=0)
    whole, parts = (checkpoint.newest(tmp_path / name / "checkpoints")[1] for name in ("whole", "parts"))
    assert_same(whole, parts)


@pytest.mark.thorough
@pytest.mark.parametrize("spec", GAMES, indirect=True)
@pytest.mark.parametrize("command", ["cost", "cost --memory --terms", "graph", "graph --game", "show --game"])
def test_every_command(command: str, spec: Path, gandsl: Gandsl, tmp_path: Path) -> None:
    more = ("-o", tmp_path / "page.html") if command.startswith("graph") else ()
    done = gandsl(*command.split(), spec, *more)
    assert done.exit_code == 0, done.output


@pytest.mark.thorough
@pytest.mark.parametrize("spec", GAMES, indirect=True)
def test_runs_and_what_is_made_of_items(spec: Path, gandsl: Gandsl, tmp_path: Path) -> None:
    np.savez(tmp_path / "items.npz", **items())
    run = tmp_path / "run"
    done = gandsl("train", spec, "--data", tmp_path / "items.npz", "-o", run, "--device", "cpu")
    assert done.exit_code == 0, done.output
    record = json.loads((run / "plan.json").read_text())
    assert record["batch"] == 4
    shown = "shows" in GAMES[spec.stem]
    line = ("sample", run, "--data", tmp_path / "items.npz", "-o", tmp_path / "made")
    done = gandsl(*line, *(() if shown else ("--network", "maker")))
    assert done.exit_code == 0, done.output
    assert len([*(tmp_path / "made").iterdir()]) == COUNT + 1

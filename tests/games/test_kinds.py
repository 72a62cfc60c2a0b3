"""Games whose networks take other kinds than an image or a latent, through all that a spec is for."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import gandsl
from gandsl.codegen.package import render
from gandsl.diff import compare
from gandsl_runtime.data.sources import NamedArrays
from gandsl_runtime.runs import checkpoint
from gandsl_runtime.training.trainer import Trainer
from tests.games.kinds import GAMES, items
from tests.runtime.helpers import assert_same


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
    [
        *("text", "vectors", "sound"),
        *(pytest.param(name, marks=pytest.mark.thorough) for name in ("bigan", "pairs", "volume")),
    ],
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

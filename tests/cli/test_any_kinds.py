"""Games of networks of any kinds, by every command: counted, measured, drawn, trained, made of items."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Gandsl
from tests.games.kinds import COUNT, GAMES, items


@pytest.fixture
def spec(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"{request.param}.yaml"
    path.write_text(GAMES[request.param])
    return path


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
    if spec.stem in ("sound", "volume"):  # made of latents alone, grown to the last level
        of = ("--seeds", f"0-{COUNT - 1}", "--network", "maker")
    else:
        of = ("--data", tmp_path / "items.npz", *(("--network", "maker") if spec.stem == "vectors" else ()))
    done = gandsl("sample", run, "-o", tmp_path / "made", *of)
    assert done.exit_code == 0, done.output
    assert len([*(tmp_path / "made").iterdir()]) == COUNT + 1

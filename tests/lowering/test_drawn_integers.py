"""Integers that a game draws are numbers that its expressions compute with, of the shape asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import gandsl
from gandsl_runtime.game.run import GameRun
from gandsl_runtime.game.step import step
from tests.frontend.game.small import PLAYERS, text
from tests.games.loop import Items


@pytest.mark.parametrize("kind", ["Number", '"Vector[3]"'])
def test_integers_are_numbers(kind: str, tmp_path: Path) -> None:
    body = f"n: {{draw: {kind}, distribution: integers, low: 2, high: 2}}"
    players = PLAYERS.replace("{gap: -mean(said.logit)}", "{gap: -mean(said.logit) * mean(n)}")
    path = tmp_path / "spec.yaml"
    path.write_text(text(body, players=players, more="  logs: {n: mean(n)}\n"))
    program = gandsl.compile(path)
    assert program.plan is not None and program.game is not None
    shares = torch.tensor([1 / 3, 2 / 3, 1.0])
    items: Any = Items(torch.randint(0, 256, (9, 3, 8, 8), dtype=torch.uint8), torch.arange(9) % 3)
    run = GameRun.new(program.plan, program.game, items, 0, torch.device("cpu"), shares=shares)
    step(run)
    assert run.metrics.means(run.group)["n"] == 2

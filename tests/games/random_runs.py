"""Runs of random games, from text to the state before the first step, of those that `check` lets pass."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import gandsl
from gandsl.analysis import analyze
from gandsl_runtime.distributed.group import ProcessGroup
from gandsl_runtime.game.run import GameRun
from gandsl_runtime.game.step import step
from gandsl_runtime.runs.header import Counters
from tests.games.loop import CPU, SEED, Items
from tests.games.random_game import random_game
from tests.games.random_text import BATCH, Game

REFUSED = ("G0670", "G0672")  # a term reaches no weight; a gradient by what is not above it


def text_of(game: Game, folder: Path) -> Path:
    """The file of a game."""
    path = folder / "random.yaml"
    path.write_text(game.text())
    return path


def said_of(path: Path) -> set[str]:
    """The codes of what `check` says of a file; of errors those that a random game may have."""
    _, found = analyze(path)
    assert all(one.code in REFUSED for one in found.errors), [one.message for one in found.errors]
    return {one.code for one in found}


def run_of(
    seed: int,
    folder: Path,
    micro_batch: int | None = BATCH,
    group: ProcessGroup | None = None,
    game: Game | None = None,
) -> GameRun | None:
    """The run of a random game in float64, `micro_batch` in place of its own; None where it is refused.

    `game`: another with the weights and items of this seed.
    """
    game = game or random_game(seed)
    if micro_batch != BATCH:
        game = replace(game, micro_batch=micro_batch)
    path = text_of(game, folder)
    if said_of(path).intersection(REFUSED):
        return None
    torch.manual_seed(seed)
    program = gandsl.compile(path).to(torch.float64)
    assert program.plan is not None and program.game is not None
    pixels = torch.randint(0, 256, (200, 1, game.size, game.size), dtype=torch.uint8)
    items: Any = Items(pixels, None, group, program.plan.micro_batch)
    return GameRun.new(program.plan, program.game, items, SEED, CPU, group)


def outcome(run: GameRun, steps: int) -> dict[str, Tensor]:
    """All that a run has come to after more steps, and the means that it logged."""
    for _ in range(steps):
        step(run)
    means = {f"mean/{name}": torch.tensor(value) for name, value in run.metrics.means(run.group).items()}
    return {name: tensor.clone() for name, tensor in run.tensors().items()} | means


def carry(run: GameRun, other: GameRun) -> None:
    """Let `other` go on where a run has come to, by what a checkpoint holds."""
    counters = Counters.model_validate_json(json.dumps(run.counters()))
    other.load_tensors({name: tensor.clone() for name, tensor in run.tensors().items()}, counters, whole=True)
    other.load_counters(counters)
    other.stream.position = run.stream.position

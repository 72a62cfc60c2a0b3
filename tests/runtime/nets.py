"""How tests make a trainer of networks: the one place that knows what a trainer is given."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import gandsl
from gandsl_runtime.errors import CheckpointError
from gandsl_runtime.game.program import Game
from gandsl_runtime.network import Network
from gandsl_runtime.plan import Plan
from gandsl_runtime.runs import resuming
from gandsl_runtime.runs.run_dir import RunDir, folder_of
from gandsl_runtime.training.trainer import Trainer

Players = Game | Iterable[Network]  # a game, or generator and discriminator


def game(plan: Plan, players: Players) -> Game:
    """The game itself, or that of the plan's loss over a generator and a discriminator."""
    if isinstance(players, Iterable):
        return gandsl.game_of(plan, dict(zip(("generator", "discriminator"), players, strict=True)))
    return players


def trainer_of(plan: Plan, players: Players, **given: Any) -> Trainer:
    """A trainer that begins."""
    played = game(plan, players)
    return Trainer(plan, played, **given)


def resumed(
    run_dir: str | Path | RunDir, players: Players, plan: Plan | None = None, **given: Any
) -> Trainer:
    """A trainer that goes on with a run, by its own plan or another."""
    played = game(plan or plan_in(run_dir), players)
    return Trainer.resume(run_dir, played, plan=plan, **given)


def plan_in(run_dir: str | Path | RunDir) -> Plan:
    """The plan of a run; where nothing can be read, any: there a resume says so."""
    try:
        return resuming.latest(folder_of(run_dir))[2].plan
    except CheckpointError:
        return Plan.model_validate(
            {"length": "1 steps", "batch": 1, "loss": "logistic", "optimizer": {"lr": 0.1}}
        )

"""Specs whose games are compared, and what of their differences is told."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from gandsl.analysis import analyze
from gandsl.diff import compare
from gandsl.diff.game import GameDiff
from gandsl.diff.game.text import game_lines
from gandsl.frontend.module import ModuleIR
from gandsl.frontend.short_form.table import table
from tests.specs.reduced import SPECS


def module(path: Path | str, *overrides: str) -> ModuleIR | None:
    return analyze(Path(path), overrides)[0]


@cache
def named(spec: str, *overrides: str) -> ModuleIR:
    found, diagnostics = analyze(SPECS / f"{spec}.yaml", overrides)
    assert found is not None, [one.message for one in diagnostics]
    return found


def game_diff(old: ModuleIR, new: ModuleIR) -> GameDiff:
    found = compare(old, new).game
    assert found is not None
    return found


def lines(old: ModuleIR, new: ModuleIR) -> list[str]:
    return game_lines(game_diff(old, new))


def content(module: ModuleIR) -> Any:
    """All that a game is, and how its networks are trained: what has to be equal where nothing is told."""
    game, plan = module.game, module.plan
    assert game is not None and plan is not None
    graphs = {
        variant: [(one.id, one.op, one.inputs, one.attrs, one.type) for one in graph]
        for variant, graph in game.graphs.items()
    }
    plans = {variant: game.plan_at(variant) for variant in game.graphs}
    orders = [[term.id for term in player.terms] for player in game.plan.players.values()]
    trained = {
        (player.name, network): player.optimizer or plan.optimizer_of(network)
        for player in game.plan.players.values()
        for network in player.networks
    }
    return graphs, plans, orders, trained, plan.averaged


def owners(place: str) -> set[str]:
    """The players that a part of the short form is of."""
    found = {row["player"] for path, rows in table().items() if path.startswith(place) for row in rows}
    return found or ({"discriminator"} if place == "discriminator_steps" else {"generator", "discriminator"})

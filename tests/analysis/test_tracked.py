"""What needs a graph, and what is differentiated twice, against torch, on random games."""

from __future__ import annotations

from functools import partial

import pytest

from gandsl.analysis.game.slices import PassIR, phase_slices
from gandsl.analysis.game.tracked import tracked, trained
from gandsl.ir.graph import Variant
from gandsl_runtime.plan.schedule import Clock
from tests.analysis.plain_pass import Play
from tests.analysis.random_games import random_game


def third_order(one: PassIR) -> bool:
    """Whether a gradient is taken of a gradient."""
    gradients = [id_ for id_ in one.nodes if one.whole.graph[id_].op == "gradient"]
    above = {id_: one.whole.upstream([("", id_)]) for id_ in gradients}
    return any(("", other) in above[id_] for id_ in gradients for other in gradients if other != id_)


def check(seed: int, by_weights: bool = False) -> tuple[int, int]:
    """Hold all passes of a game against torch; how many gradients were differentiated again, and taken."""
    game, networks = random_game(seed, by_weights)
    again = taken = 0
    for phase in game.plan.phases(Clock()):
        players = [game.plan.players[name] for name in phase.players]
        for one in phase_slices(game, networks, Variant(), phase):
            told = tracked(one, players)
            play = Play(one, partial(trained, players), tuple(told.again))
            loss = play.run()
            truth = {place for place, value in play.values.items() if value.requires_grad}
            if third_order(one):  # of third derivatives it is only known what they may depend on
                assert truth <= told.places, f"seed {seed}, {phase.name}"
                continue
            assert truth == told.places & set(play.values), f"seed {seed}, {phase.name}"
            assert {by for by, was in play.was.items() if was} == told.already
            assert {by for by, was in play.was.items() if not was} == told.made
            for gradient, through in play.through.items():
                assert through == set(told.again.get(gradient, ())), f"seed {seed}, {phase.name}, {gradient}"
            if loss.requires_grad:
                loss.backward()
            again, taken = again + len(told.again), taken + len(play.through)
    return again, taken


def test_random_games() -> None:
    found = [check(seed) for seed in range(300)]
    assert sum(again for again, _ in found) > 50, "gradients that are differentiated again"
    assert sum(taken - again for again, taken in found) > 10, "and some that nobody asks to"


def test_random_games_with_gradients_by_weights() -> None:
    found = [check(seed, by_weights=True) for seed in range(150)]
    assert sum(again for again, _ in found) > 50


@pytest.mark.thorough
def test_more_random_games() -> None:
    for seed in range(300, 3000):
        check(seed)
        check(seed, by_weights=True)

"""What passes of games cost: against torch, which counts the work of random games."""

from __future__ import annotations

from functools import partial

import pytest
from torch.utils.flop_counter import FlopCounterMode

from gandsl.analysis.game.cost import pass_cost
from gandsl.analysis.game.played import PlayedPass
from gandsl.analysis.game.slices import phase_slices
from gandsl.analysis.game.tracked import tracked, trained
from gandsl.ir.graph import Variant
from gandsl_runtime.plan.schedule import Clock
from tests.analysis.plain_pass import Play
from tests.analysis.random_games import random_game
from tests.analysis.test_tracked import third_order

SAMPLES = 4


def count(seed: int) -> tuple[int, int]:
    """Hold the multiply-adds of a game's passes against torch; of how many there are, and gradients again."""
    game, networks = random_game(seed)
    found = again = 0
    for phase in game.plan.phases(Clock()):
        players = tuple(game.plan.players[name] for name in phase.players)
        for one in phase_slices(game, networks, Variant(), phase):
            if third_order(one):
                continue
            told = tracked(one, players)
            play = Play(one, partial(trained, players), tuple(told.again))
            with FlopCounterMode(display=False) as counter:
                loss = play.run()
                if loss.requires_grad:
                    loss.backward()
            cost = pass_cost(PlayedPass(one, players))
            assert counter.get_total_flops() == 2 * SAMPLES * cost.total, f"seed {seed}, {phase.name}"
            assert max(cost.terms.values()) <= cost.total, "each shares work with the others"
            found, again = found + (cost.total > 0), again + len(told.again)
    return found, again


def test_random_games() -> None:
    found = [count(seed) for seed in range(200)]
    assert sum(passes for passes, _ in found) > 60
    assert sum(again for _, again in found) > 30, "gradients that are differentiated again"


@pytest.mark.thorough
def test_more_random_games() -> None:
    for seed in range(200, 2000):
        count(seed)

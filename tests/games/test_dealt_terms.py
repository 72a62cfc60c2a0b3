"""A term's batch is dealt evenly to processes, or it is told: else some would wait for others for ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from gandsl_runtime.distributed.group import ProcessGroup, check_terms
from gandsl_runtime.errors import PlanError
from tests.games.random_game import random_game
from tests.games.random_runs import run_of


class Several(ProcessGroup):
    """Of which only the number of processes is asked."""

    def __init__(self, size: int) -> None:
        self.size = size


@pytest.mark.parametrize(("size", "fits"), [(1, True), (2, True), (4, True), (3, False), (8, False)])
def test_a_terms_batch_is_dealt_evenly(size: int, fits: bool, tmp_path: Path) -> None:
    """Of 4, in a step of 8."""
    seed = next(
        seed
        for seed in range(50)
        if random_game(seed).micro_batch is None
        and any(term.batch for player in random_game(seed).players.values() for term in player.terms)
    )
    run = run_of(seed, tmp_path)
    assert run is not None
    players = run.game.plan.players.values()
    if fits:
        check_terms(Several(size), run.plan, players)
        return
    said = rf"game.players.\w+.terms.t\d.batch is 4, which can't be dealt evenly to {size} processes"
    with pytest.raises(PlanError, match=said):
        check_terms(Several(size), run.plan, players)

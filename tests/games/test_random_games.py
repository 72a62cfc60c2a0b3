"""Random games that pass `check`, from text to weights: two steps against plain torch, in float64."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

import gandsl
from gandsl.analysis import analyze
from gandsl_runtime.data.stream import RealBatch
from gandsl_runtime.game.run import GameRun
from gandsl_runtime.game.step import step
from tests.games.plain_player import PlainPlayer, layer_of
from tests.games.random_game import STEPS, random_game
from tests.games.random_text import LAYERS

SEED = 3


class Items:
    """Images as a stream gives them."""

    def __init__(self, images: Tensor) -> None:
        self.images, self.position = images, 0

    def take(self, count: int) -> RealBatch:
        self.position += count
        return RealBatch(self.images[self.position - count : self.position], None)


def play(seed: int, folder: Path) -> bool:
    """Hold a game against plain torch; whether `check` lets it pass."""
    game = random_game(seed)
    path = folder / f"random{seed}.yaml"
    path.write_text(game.text())
    module, found = analyze(path)
    if module is None:
        assert all(one.code in ("G0670", "G0672") for one in found.errors), [
            one.message for one in found.errors
        ]
        return False
    torch.manual_seed(seed)
    program = gandsl.compile(path).to(torch.float64)
    plan, lowered = program.plan, program.game
    assert plan is not None and lowered is not None
    pixels = torch.randint(0, 256, (200, 1, 2, 2), dtype=torch.uint8)
    weights = {
        name: {key: tensor.detach().clone() for key, tensor in lowered.networks[name].named_parameters()}
        for name in LAYERS
    }
    run = GameRun.new(plan, lowered, Items(pixels), SEED, torch.device("cpu"))  # type: ignore[arg-type]
    plain = PlainPlayer(game, weights, pixels.double() * (2 / 255) - 1, SEED)
    for _ in range(STEPS):
        step(run)
        plain.take_step()
        for name, network in lowered.networks.items():
            for key, tensor in network.named_parameters():
                torch.testing.assert_close(
                    tensor.detach(),
                    plain.weights[name][key].detach(),
                    rtol=1e-9,
                    atol=1e-9,
                    msg=f"{seed}: {name}.{key}",
                )
                moved = any(player.moves(name, layer_of(key)) for player in game.players.values())
                assert moved or tensor.grad is None, "no graph is built for it"
        for name, value in plain.states.items():
            torch.testing.assert_close(run.states.values[name], value, rtol=1e-9, atol=1e-9)
    return True


def test_random_games(tmp_path: Path) -> None:
    passed = [play(seed, tmp_path) for seed in range(30)]
    assert sum(passed) >= 25, "most of them are sound"


@pytest.mark.thorough
def test_a_thousand_random_games(tmp_path: Path) -> None:
    assert sum(play(seed, tmp_path) for seed in range(30, 1500)) >= 1000

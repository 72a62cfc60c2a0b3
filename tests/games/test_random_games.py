"""Random games that pass `check`, from text to weights, in float64: against plain torch and themselves."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from gandsl.analysis import analyze
from gandsl.analysis.game.merging import merged
from gandsl.analysis.game.slices import pass_slice
from gandsl.codegen.analysis.game.moments import passes_of
from gandsl.codegen.printing.game import game_source
from gandsl.ir.graph import Variant
from gandsl_runtime.game.run import GameRun
from gandsl_runtime.game.step import step
from tests.codegen.test_game_source import game_of
from tests.games.loop import CLOSE, CPU, SEED, Items
from tests.games.plain_player import PlainPlayer, layer_of
from tests.games.random_game import STEPS, random_game
from tests.games.random_runs import carry, outcome, run_of, said_of, text_of
from tests.games.random_text import LAYERS, Game
from tests.games.twins import alike, apart, with_twins

Holds = Callable[[int, Path, Game | None], bool]
FEELS = ("W0772", "W0774")  # notes on what feels how a batch is split


def play(seed: int, folder: Path, game: Game | None = None) -> bool:
    """Hold a game against plain torch; whether `check` lets it pass."""
    game = game or random_game(seed)
    run = run_of(seed, folder, game=game)
    if run is None:
        return False
    networks, items = run.game.networks, run.stream
    assert isinstance(items, Items)
    weights = {
        name: {key: tensor.detach().clone() for key, tensor in networks[name].named_parameters()}
        for name in LAYERS
    }
    plain = PlainPlayer(game, weights, items.images.double() * (2 / 255) - 1, SEED)
    for _ in range(STEPS):
        step(run)
        plain.take_step()
        for name, network in networks.items():
            for key, tensor in network.named_parameters():
                close(tensor.detach(), plain.weights[name][key].detach(), f"{seed}: {name}.{key}")
                moved = any(player.moves(name, layer_of(key)) for player in game.players.values())
                assert moved or tensor.grad is None, "no graph is built for it"
        for name, averages in plain.averages.items():
            for key, tensor in run.game.averages[name].named_parameters():
                close(tensor, averages[key], f"{seed}: average of {name}.{key}")
        for name, value in plain.states.items():
            close(run.states.values[name], value, f"{seed}: {name}")
    return True


def close(found: Tensor, expected: Tensor, what: str) -> None:
    torch.testing.assert_close(found, expected, **CLOSE, msg=lambda said: f"{what}: {said}")


def goes_on(seed: int, folder: Path, game: Game | None = None) -> bool:
    """Whether there is such a game; killed after two steps and resumed, it is what it is without that."""
    straight, first, then = (run_of(seed, folder, game=game) for _ in range(3))
    if straight is None or first is None or then is None:
        return False
    outcome(first, 2)
    carry(first, then)
    outcome(straight, STEPS), outcome(then, STEPS - 2)
    expected, found = straight.tensors(), then.tensors()
    assert expected.keys() == found.keys()
    assert not [name for name in expected if not torch.equal(expected[name], found[name])], seed
    return True


def splits(seed: int, folder: Path, game: Game | None = None) -> bool:
    """Whether `check` names nothing that feels how a batch is split; then it is the same in parts of 2."""
    game = game or random_game(seed)
    at_once = any(state.every == 0 for state in game.states)  # one that nobody reads feels it unnamed
    if at_once or said_of(text_of(replace(game, micro_batch=2), folder)).intersection(FEELS):
        return False
    whole, parts = (run_of(seed, folder, size, game=game) for size in (None, 2))
    if whole is None or parts is None:
        return False
    expected, found = outcome(whole, STEPS), outcome(parts, STEPS)
    for name in expected:
        close(found[name], expected[name], f"{seed}: {name}")
    return True


def prints(seed: int, folder: Path, game: Game | None = None) -> bool:
    """Whether there is such a game; its printed source plays it to the bit."""
    run, other = (run_of(seed, folder, game=game) for _ in range(2))
    if run is None or other is None:
        return False
    module, _ = analyze(folder / "random.yaml")
    assert module is not None and module.game is not None
    source = game_source(module.game, module.networks, "Game", "A game.", lambda node: "", (-1.0, 1.0))
    items: Any = Items(other.stream.images, None)
    printed = GameRun.new(other.plan, game_of(source, dict(other.game.networks)), items, SEED, CPU)
    expected, found = outcome(run, STEPS), outcome(printed, STEPS)
    assert expected.keys() == found.keys()
    assert not [name for name in expected if not torch.equal(expected[name], found[name])], seed
    return True


def merges(seed: int, folder: Path) -> bool:
    """Whether there is such a game; with nodes written twice it is what that means, and they are one."""
    game, twins = with_twins(random_game(seed), random.Random(seed))
    if not play(seed, folder, game) or not prints(seed, folder, game):
        return False
    module, _ = analyze(folder / "random.yaml")
    assert module is not None and module.game is not None
    for phase, part in passes_of(module.game.plan).values():
        written = pass_slice(module.game, module.networks, Variant(), phase, part)
        left = merged(module.game, written).nodes
        for first, twin in twins.items():
            if {first, twin}.issubset(written.nodes):
                assert first in left
                two = apart(game, first, written.nodes)
                if two or alike(game, twins, first, written.nodes):
                    assert (twin in left) == two, f"{seed}: {twin}"
    return True


def count(seeds: Iterable[int], holds: object, folder: Path) -> int:
    assert callable(holds)
    return sum(holds(seed, folder) for seed in seeds)


def test_random_games(tmp_path: Path) -> None:
    assert count(range(30), play, tmp_path) >= 25, "most of them are sound"


def test_they_go_on_after_a_kill(tmp_path: Path) -> None:
    assert count(range(30, 36), goes_on, tmp_path) >= 4


def test_what_no_note_names_feels_no_split(tmp_path: Path) -> None:
    assert count(range(36, 60), splits, tmp_path) >= 4


def test_their_source_plays_them(tmp_path: Path) -> None:
    assert count(range(60, 66), prints, tmp_path) >= 4


def test_what_is_written_twice_is_computed_once(tmp_path: Path) -> None:
    assert count([*range(66, 70), 91], merges, tmp_path) >= 4  # 91: a pool in a pass where calls merge


def grown(seed: int) -> Game:
    return random_game(seed, grows=True)


@pytest.mark.parametrize(
    ("holds", "seeds"),
    [(play, range(4)), (goes_on, range(5, 7)), (prints, range(7, 9)), (splits, range(9, 12))],
)
def test_random_games_that_grow(holds: Holds, seeds: range, tmp_path: Path) -> None:
    """Through all levels and their fades, most of them in four steps."""
    assert sum(holds(seed, tmp_path, grown(seed)) for seed in seeds) >= len(seeds) // 2


@pytest.mark.thorough
def test_much_that_is_written_twice_is_computed_once(tmp_path: Path) -> None:
    assert count(range(78, 400), merges, tmp_path) >= 200


@pytest.mark.thorough
def test_a_thousand_random_games(tmp_path: Path) -> None:
    """Every third of them grows."""
    sound = (play(seed, tmp_path, random_game(seed, grows=seed % 3 == 0)) for seed in range(30, 1500))
    assert sum(sound) >= 1000


@pytest.mark.thorough
def test_many_go_on_feel_no_split_and_are_printed(tmp_path: Path) -> None:
    assert count(range(36, 300), goes_on, tmp_path) >= 200
    assert count(range(60, 400), splits, tmp_path) >= 50
    assert count(range(66, 300), prints, tmp_path) >= 200


@pytest.mark.thorough
@pytest.mark.parametrize(("holds", "least"), [(goes_on, 60), (splits, 10), (prints, 60)])
def test_many_that_grow_go_on_feel_no_split_and_are_printed(holds: Holds, least: int, tmp_path: Path) -> None:
    assert sum(holds(seed, tmp_path, grown(seed)) for seed in range(12, 92)) >= least

"""What differs between two random games is told, and whose it is; nothing where they are equal."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from gandsl.diff import compare
from gandsl.diff.game.text import game_lines
from tests.diff.changed_games import changed_game
from tests.diff.games import content, game_diff, module, owners
from tests.random_specs.grow import spec as random_spec
from tests.random_specs.plan import SCHEMA, drawn
from tests.random_specs.recipe import Recipe

MANY = pytest.mark.thorough


def hold(seed: int, folder: Path) -> bool:
    """Hold the diff of a random game and a changed one; whether both are sound."""
    made = changed_game(seed)
    modules = []
    for name, text in (("old", made.old), ("new", made.new)):
        (folder / f"{name}.yaml").write_text(text, "utf-8")
        modules.append(module(folder / f"{name}.yaml"))
    old, new = modules
    if old is None or new is None:
        return False
    told = game_diff(old, new)
    where = f"{seed}: {game_lines(told)}\n{made.new}"
    assert not game_diff(old, old) and not game_diff(new, new), where
    assert bool(told) == (content(old) != content(new)), where
    if made.what is None:
        assert not told and not compare(old, new), where
        return True
    fitting = [
        one
        for one in told.changes
        if (one.what, set(one.players)) == (made.what, made.players) and one.change.path == made.path
    ]
    assert fitting, where
    assert len(game_lines(told)) == 1, where
    return True


def test_random_games(tmp_path: Path) -> None:
    assert sum(hold(seed, tmp_path) for seed in range(25)) >= 18, "most of them are sound"


@MANY
def test_a_thousand_random_games(tmp_path: Path) -> None:
    assert sum(hold(seed, tmp_path) for seed in range(25, 1300)) >= 1000


# ---- random specs with a short form


def patched(seed: int) -> tuple[dict[str, Any], dict[str, Any], str]:
    """A random spec, the same with another value at one place of its short form, and that place."""
    rng = Random(f"patch {seed}")
    old, new = random_spec(Recipe(seed)), random_spec(Recipe(seed))
    training = new["training"]
    penalties = SCHEMA["$defs"]["Regularizers"]["properties"]
    places = ["loss", "augment", "discriminator_steps", "discriminator_passes", "ema", "optimizer"]
    place = rng.choice([*places, *(f"regularizers.{name}" for name in training["regularizers"])])
    if place.startswith("regularizers."):
        name = place.partition(".")[2]
        training["regularizers"][name] = rng.choice([None, drawn(rng, penalties[name])])
    elif place == "optimizer":
        training[place] = {**training[place], "lr": 0.5}
    else:
        training[place] = drawn(rng, SCHEMA["properties"][place])
    return old, new, place


def hold_patched(seed: int, folder: Path) -> bool:
    old_tree, new_tree, place = patched(seed)
    modules = []
    for name, tree in (("old", old_tree), ("new", new_tree)):
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(tree, sort_keys=False), "utf-8")
        modules.append(module(folder / f"{name}.yaml"))
    old, new = modules
    if old is None or new is None or old.game is None or new.game is None:
        return False
    told = game_diff(old, new)
    where = f"{seed}, {place}: {game_lines(told)}"
    assert not game_diff(old, old), where
    assert bool(told) == (content(old) != content(new)), where
    assert not compare(old, new).untold, where
    if told:
        assert {*owners(place)} & {player for one in told.changes for player in one.players}, where
    return True


def test_random_specs(tmp_path: Path) -> None:
    assert sum(hold_patched(seed, tmp_path) for seed in range(8)) >= 4


@MANY
def test_hundreds_of_random_specs(tmp_path: Path) -> None:
    assert sum(hold_patched(seed, tmp_path) for seed in range(8, 700)) >= 400

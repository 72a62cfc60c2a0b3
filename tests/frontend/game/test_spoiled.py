"""Games that are fine, each spoiled at one place by a rule: one message, at that token, and no other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gandsl.analysis import analyze
from tests.frontend.game import misspelt, unfitting
from tests.frontend.game.spoiled_bases import BASES, NO_GAMES, Base, base
from tests.frontend.game.spoiling import WAYS, Spoiled, Way

MODULES = (misspelt, unfitting)  # they fill in WAYS
GAMES = [name for name in BASES if name not in NO_GAMES]
LEAST = 800  # spoiled games; of each way some


def said(path: Path, one: Base, wanted: str) -> list[tuple[str, int, int]]:
    """What is said of the file: errors, and warnings of the code wanted."""
    _, found = analyze(path, one.overrides)
    told = [it for it in found if it.severity == "error" or it.code == wanted]
    assert all(it.span is not None for it in told)
    return [(it.code, it.span.line, it.span.column) for it in told if it.span is not None]


def hold(way: Way, spoiled: Spoiled, one: Base, folder: Path) -> None:
    path = folder / "spoiled.yaml"
    path.write_text(spoiled.text)
    wanted = [(way.code, spoiled.line, spoiled.column)]
    line = spoiled.text.split("\n")[spoiled.line - 1].strip()
    assert said(path, one, way.code) == wanted, f"{way.name} in {one.name}: {line}"


def every(games: list[str], each: int) -> Iterator[tuple[Way, Spoiled, Base]]:
    """All that the ways find in games, of each at most so many in a game."""
    for one in map(base, games):
        for way in WAYS:
            for spoiled in list(way.find(one))[:each]:
                yield way, spoiled, one


def test_some_spoiled_games(tmp_path: Path) -> None:
    """A few of each way would take too long here: every fourth way, in two games."""
    some = list(every(["games/stylegan2_ada", "games/began"], 1))[::4]
    assert len(some) > 15
    for one in some:
        hold(*one, tmp_path)


@pytest.mark.thorough
@pytest.mark.parametrize("game", GAMES)
def test_spoiled_games(game: str, tmp_path: Path) -> None:
    path = tmp_path / "fine.yaml"
    path.write_text(base(game).text)
    assert not said(path, base(game), "")
    for one in every([game], 4):
        hold(*one, tmp_path)


@pytest.mark.thorough
def test_there_are_many() -> None:
    found = list(every(GAMES, 4))
    assert len(found) >= LEAST
    assert {way.name for way, _, _ in found} == {way.name for way in WAYS}

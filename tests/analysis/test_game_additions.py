"""What a spec says in a game's words beside its short form is checked, each fault told at its token."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gandsl.analysis import analyze
from tests.spec.helpers import marked

SPEC = """\
gandsl: 1
name: mine
extends: {base}
game:
{game}
"""
TERM = "  players: {{{}: {{terms: {{mine: {}}}}}}}"
# what is written → what is said, without notes: `CODE ‹the words marked›`
CASES = {
    "a term": (TERM.format("generator", "mean(fake)"), []),
    "a term of a name that is not there": (
        TERM.format("generator", "mean(fkae)"),
        ["G0102 ‹fkae›"],
    ),
    "no Scalar": (TERM.format("generator", "fake"), ["G0351 ‹fake›"]),
    "syntax": (TERM.format("generator", "mean(fake) +"), ["G0101 ‹+›"]),
    "a player that is not there": (TERM.format("genrator", "mean(fake)"), ["G0009 ‹genrator›"]),
    "a term that reaches nothing": (TERM.format("discriminator", "mean(fake)"), ["G0670 ‹mine›"]),
    "a node that nobody wants": ("  body: {more: mean(fake)}", ["W0770 ‹more›"]),
    "a node that fails": ("  body: {more: meen(fake)}", ["G0103 ‹meen›"]),
    "a log that no phase takes": (
        "  body: {again: {draw: generator.z}}\n  logs: {again: mean(again)}",
        ["G0676 ‹mean(again)›"],
    ),
    "a name that the short form has": ("  body: {fake: mean(image)}", ["G0404 ‹fake›"]),
    "no game": ("  3", ["G0010 ‹3›"]),
    "a list": ("  [a]", ["G0010 ‹[a]›"]),
    "a null of nothing": ("  body: {fkae: null}", ["G0403 ‹fkae›"]),
}
SETS = {
    "players.discriminator.terms.adversarial.weight=2": [],
    "players.discriminator.terms.adversarial.weight=x": ["G0102 ‹x›"],
    "players.discriminator.terms.adversarial.wieght=2": ["G0205 ‹wieght›"],
    "players.discriminator.terms.adversrial.weight=2": ["G0403 ‹adversrial›"],
    "players.discriminator.terms.r1.gamma=2": ["G0403 ‹game.players.discriminator.terms.r1.gamma›"],
    "plyers.discriminator.steps=2": ["G0403 ‹plyers›"],
}


def told(path: Path, *overrides: str) -> list[str]:
    _, diagnostics = analyze(path, list(overrides))
    return [f"{one.code} ‹{marked(diagnostics, one.span)}›" for one in diagnostics if one.severity != "note"]


@pytest.mark.parametrize("name", CASES)
def test_additions_are_checked(name: str, tmp_path: Path) -> None:
    game, wanted = CASES[name]
    path = tmp_path / "mine.yaml"
    path.write_text(SPEC.format(base=Path("specs/tiny.yaml").absolute(), game=game))
    assert told(path) == wanted


@pytest.mark.parametrize("change", SETS)
def test_changes_are_checked(change: str) -> None:
    assert told(Path("specs/tiny.yaml"), f"game.{change}") == SETS[change]


def test_the_pages_term(tmp_path: Path) -> None:
    """docs/game.md: four lines add a term to a spec."""
    page = Path("docs/game.md").read_text("utf-8")
    (block,) = [one for one in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "name: bright" in one]
    path = tmp_path / "bright.yaml"
    path.write_text(block.replace("stylegan2.yaml", str(Path("specs/tiny.yaml").absolute())))
    assert told(path) == []
    assert told(path, "game.players.generator.terms.bright.weight=1") == []
    assert told(path, "game.players.generator.terms.bright.weight=x") == ["G0102 ‹x›"]

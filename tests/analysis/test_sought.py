"""A short form's game is asked only where there may be something to say: asked always, it says the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gandsl.analysis.game import checks as games
from gandsl.analysis.game import sought
from tests.analysis import test_lints, test_plan_regularizers, test_plan_rules
from tests.analysis.small import found
from tests.random_specs.grow import spec_text
from tests.random_specs.recipe import Recipe

TABLES = (test_plan_rules, test_plan_regularizers, test_lints)
CASES = {case.id: case.values[0] for of in TABLES for case in of.CASES}
TEXTS = list(CASES.values()) + [spec_text(Recipe(seed)) for seed in range(6)]


@pytest.mark.parametrize("part", range(3))
def test_what_is_not_asked_would_say_nothing(
    part: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = TEXTS[part::3]
    asked = [found(tmp_path, text) for text in texts]
    for code in sought.SOUGHT:
        monkeypatch.setitem(sought.SOUGHT, code, lambda facts: True)
    assert [found(tmp_path, text) for text in texts] == asked


def test_all_of_a_short_forms_questions_have_cases() -> None:
    said = {line.split()[0] for of in TABLES for case in of.CASES for line in case.values[1]}
    assert sought.SOUGHT.keys() <= {query.code for query in (*games.ERRORS, *games.WARNINGS)}
    assert sought.SOUGHT.keys() - said == {"G0623"}  # in test_batch_rules


def test_where_nothing_is_asked_no_rule_is_loaded(root: Path) -> None:
    """A check of a published spec answers at once; one of a game that is written out has the rules."""
    script = "import sys; from gandsl.analysis import analyze; analyze(sys.argv[1]); print(*sys.modules)"
    loaded = {}
    for spec in ("specs/stylegan2.yaml", "tests/games/r3gan.yaml"):
        done = subprocess.run(
            [sys.executable, "-c", script, spec], cwd=root, capture_output=True, text=True, check=True
        )
        games = "gandsl.analysis.game.", "gandsl.frontend.game.", "gandsl.frontend.short_form."
        loaded[spec] = {name for name in done.stdout.split() if name.startswith(games)}
    assert loaded["specs/stylegan2.yaml"] == {
        "gandsl.analysis.game.sought",
        "gandsl.frontend.short_form.table",
    }
    assert "gandsl.analysis.game.rules" in loaded["tests/games/r3gan.yaml"]

"""A short form's game is asked only where there may be something to say: asked always, it says the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gandsl.analysis.game import checks as games
from tests.analysis import test_lints, test_plan_rules
from tests.analysis.small import found
from tests.random_specs.grow import spec_text

CASES = {case.id: case.values[0] for of in (test_plan_rules, test_lints) for case in of.CASES}
TEXTS = list(CASES.values()) + [spec_text(seed) for seed in range(6)]


@pytest.mark.parametrize("part", range(3))
def test_what_is_not_asked_would_say_nothing(
    part: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = TEXTS[part::3]
    asked = [found(tmp_path, text) for text in texts]
    for table in ("ERRORS", "WARNINGS"):
        always = tuple(
            query if query.sought is None else replace(query, sought=lambda facts: True)
            for query in getattr(games, table)
        )
        monkeypatch.setattr(games, table, always)
    assert [found(tmp_path, text) for text in texts] == asked


def test_all_of_a_short_forms_questions_have_cases() -> None:
    said = {
        line.split()[0]
        for of in (test_plan_rules, test_lints)
        for case in of.CASES
        for line in case.values[1]
    }
    codes = {query.code for query in (*games.ERRORS, *games.WARNINGS) if query.sought}
    assert codes - said == {"G0623"}  # in test_batch_rules

"""Random specs of all ops: what `check` accepts holds every promise, and the fixed ones show every role."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.random_specs import cover, roles, run
from tests.random_specs.grow import spec_text
from tests.random_specs.recipe import Recipe
from tests.random_specs.roles import Role
from tests.random_specs.seeds import FIRST, MORE, recipes

THOROUGH = range(2000)
LEAST_ACCEPTED = 0.6  # of all specs
MOST_DIVERGED = 0.07  # of those accepted; 13 of 300 did: products, large rates, float16 derivatives
NEW = "an op or a role is new: `python -m tests.random_specs cover OP…` says what to add to seeds.py"


def shown_by(results: list[run.Result]) -> set[Role]:
    """The roles that they show; all of them hold."""
    assert not [result.told() for result in results if result.outcome != "held"]
    return {role for result in results for role in result.roles}


def test_first_cases_hold_and_show_every_op(tmp_path: Path) -> None:
    found = shown_by(list(run.many(recipes(FIRST), tmp_path)))
    assert {op for op, _ in found} >= {op for op, _ in roles.possible()}, NEW


@pytest.mark.thorough
def test_all_cases_hold_and_show_every_op_in_every_role(tmp_path: Path) -> None:
    found = shown_by(list(run.many([*recipes(FIRST), *recipes(MORE)], tmp_path, os.cpu_count() or 1)))
    assert not sorted(roles.possible() - found), NEW


def test_most_are_accepted(tmp_path: Path) -> None:
    """Else the promises would be held by few."""
    found = cover.shown(map(Recipe, range(50)), tmp_path)
    assert sum(map(bool, found.values())) >= 50 * LEAST_ACCEPTED


def test_a_case_is_a_spec() -> None:
    assert spec_text(Recipe(7)) == spec_text(Recipe(7)) != spec_text(Recipe(8))
    assert spec_text(Recipe(7, ("glu",))) != spec_text(Recipe(7))
    assert str(Recipe.of("7:glu,silu")) == "7:glu,silu"


@pytest.mark.thorough
def test_many_seeds_hold(tmp_path: Path) -> None:
    results = list(run.many(map(Recipe, THOROUGH), tmp_path, os.cpu_count() or 1, whole=True))
    assert not [result.told() for result in results if not result.fine]
    accepted = [result for result in results if result.outcome != "refused"]
    assert len(accepted) >= LEAST_ACCEPTED * len(results)
    assert sum(result.outcome == "diverged" for result in accepted) <= MOST_DIVERGED * len(accepted)

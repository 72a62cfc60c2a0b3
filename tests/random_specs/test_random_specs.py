"""Random specs of all ops: what `check` accepts holds every promise, and the fixed ones show every role."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random
from typing import Any

import pytest

from gandsl.spec.write import to_yaml
from tests.random_specs import again, cover, roles, run
from tests.random_specs.grow import spec, spec_text
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


def test_every_kind_of_node_is_used_twice_in_every_form(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds, forms = set[str](), set[str]()

    def watched(form: again.Form) -> again.Form:
        def made(rng: Random, use: again.Use, first: str) -> dict[str, Any]:
            if found := form(rng, use, first):
                kinds.add(next(iter(use.node)))
                forms.add(form.__name__)
            return found

        return made

    monkeypatch.setattr(again, "FORMS", tuple(map(watched, again.FORMS)))
    for seed in range(60):
        spec_text(Recipe(seed))
    assert kinds == {"op", "block", "slot", "topology"}
    assert forms == {"_unread", "_mixed", "_chained", "_repeated", "_summed"}


def test_what_is_used_twice_shifts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A seed has the nodes that it has without, in their order and under their names."""
    recipes = list(map(Recipe, range(20)))
    twice = [spec(recipe) for recipe in recipes]
    for chance in ("LAYERED", "BARE", "ABOUT"):
        monkeypatch.setattr(again, chance, 0.0)
    once = list(map(spec_text, recipes))
    assert [to_yaml(single(found)) for found in twice] == once
    assert [to_yaml(found) for found in twice] != once


def single(tree: Any) -> Any:
    """A section of a spec with the first of several uses in their place."""
    if not isinstance(tree, dict):
        return tree
    twice = [name.removesuffix("_first") for name in tree if name.endswith("_first")]
    more = [name for name in tree for of in twice if name in (of, f"{of}_product") or f"{of}_again" in name]
    return {name.replace("_first", ""): single(part) for name, part in tree.items() if name not in more}


@pytest.mark.thorough
def test_many_seeds_hold(tmp_path: Path) -> None:
    results = list(run.many(map(Recipe, THOROUGH), tmp_path, os.cpu_count() or 1, whole=True))
    assert not [result.told() for result in results if not result.fine]
    accepted = [result for result in results if result.outcome != "refused"]
    assert len(accepted) >= LEAST_ACCEPTED * len(results)
    assert sum(result.outcome == "diverged" for result in accepted) <= MOST_DIVERGED * len(accepted)

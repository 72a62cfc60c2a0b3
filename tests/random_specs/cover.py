"""Which recipes show ops in their roles with few specs: `python -m tests.random_specs cover OP…`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from tests.random_specs import hold, roles
from tests.random_specs.grow import spec_text
from tests.random_specs.recipe import Recipe
from tests.random_specs.roles import Role

Shown = TypeVar("Shown", Role, str)  # a role, or an op alone


def shown(recipes: Iterable[Recipe], folder: Path) -> dict[Recipe, set[Role]]:
    """What the specs of these recipes would show, without a promise tried; refused ones show nothing."""
    found = {}
    for recipe in recipes:
        (folder / "random.yaml").write_text(spec_text(recipe), "utf-8")
        module = hold.checked(folder / "random.yaml")
        found[recipe] = set() if isinstance(module, tuple) else roles.of_module(module)
    return found


def cover(known: Mapping[Recipe, set[Shown]], wanted: Iterable[Shown]) -> tuple[list[Recipe], set[Shown]]:
    """Few recipes that show the roles or ops wanted, the rare ones first; and what none shows."""
    missing = set(wanted)
    often = Counter(role for found in known.values() for role in found)
    chosen: list[Recipe] = []
    while any(missing & found for found in known.values()):
        best = max(known, key=lambda recipe: sum(1 / often[role] for role in known[recipe] & missing))
        chosen.append(best)
        missing -= known[best]
    return sorted(chosen), missing

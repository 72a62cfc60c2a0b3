"""Spoils good specs: of every kind of slip some, each once."""

from __future__ import annotations

import random

from tests.specs.spoiled import expressions, names, plan, values, writing
from tests.specs.spoiled.good import (
    GOOD,
    Good,
    Kind,
    Spoiled,
)
from tests.specs.spoiled.patches import patched

KINDS: tuple[Kind, ...] = (*names.KINDS, *values.KINDS, *writing.KINDS, *expressions.KINDS, *plan.KINDS)


def spoiled_specs(seed: int = 1, each: int = 1) -> list[Spoiled]:
    """The same list for the same seed: of every kind, `each` slips for each good spec with a place for it."""
    found: dict[str, Spoiled] = {}
    for name, resolution in GOOD.items():
        rng = random.Random(f"{seed}/{name}")
        good = Good.load(name, resolution, rng)
        for kind in KINDS:
            slips = list(kind(good))
            for slip in rng.sample(slips, min(each, len(slips))):
                text = good.spoil(slip)
                found.setdefault(text, Spoiled(name, kind.__name__, text, slip))
        if name in ("dcgan", "stylegan2"):
            found |= {one.text + one.base: one for one in patched(good)}
    return list(found.values())

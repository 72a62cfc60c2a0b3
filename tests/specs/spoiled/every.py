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


def spoiled_specs(seed: int = 1, each: int = 1, specs: int = len(GOOD)) -> list[Spoiled]:
    """The same list for the same seed: of every kind, `each` slips for so many of the good specs."""
    found: dict[str, Spoiled] = {}
    goods = [Good.load(*one, random.Random(f"{seed}/{one[0]}")) for one in GOOD.items()]
    for kind in KINDS:
        apt = [(good, slips) for good in goods if (slips := list(kind(good)))]
        for good, slips in random.Random(f"{seed}/{kind.__name__}").sample(apt, min(specs, len(apt))):
            for slip in good.rng.sample(slips, min(each, len(slips))):
                text = good.spoil(slip)
                found.setdefault(text, Spoiled(good.name, kind.__name__, text, slip))
    for good in goods:
        if good.name in ("dcgan", "stylegan2"):
            found |= {one.text + one.base: one for one in patched(good)}
    return list(found.values())

"""Which seeds show every op in every role with few specs: `python -m tests.random_specs cover`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.random_specs import hold, roles
from tests.random_specs.grow import spec_text
from tests.random_specs.roles import Role


def shown(seeds: Iterable[int], folder: Path) -> dict[int, set[Role]]:
    """What the specs of these seeds would show, without a promise tried; refused ones show nothing."""
    found = {}
    for seed in seeds:
        (folder / "random.yaml").write_text(spec_text(seed), "utf-8")
        module = hold.checked(folder / "random.yaml")
        found[seed] = set() if isinstance(module, tuple) else roles.of_module(module)
    return found


def cover(known: Mapping[int, set[Role]], count: int) -> tuple[list[int], set[Role]]:
    """At most so many seeds, those first that show what few others do, and the roles that none shows."""
    wanted = set(roles.possible())
    often = Counter(role for found in known.values() for role in found)
    chosen: list[int] = []
    while len(chosen) < count and any(wanted & found for found in known.values()):
        best = max(known, key=lambda seed: sum(1 / often[role] for role in known[seed] & wanted))
        chosen.append(best)
        wanted -= known[best]
    return sorted(chosen), wanted

"""`python -m tests.random_specs RECIPE` shows one; `FROM-TO [FILE [PROCESSES]]` tries many seeds, resumable.

A recipe is a seed, or a seed and what it is about: `12`, `12:glu,silu`. `cover OP…` finds seeds about these
ops that hold and show them in every role: lines for seeds.py.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from tests.random_specs import roles, run
from tests.random_specs.cover import cover, shown
from tests.random_specs.grow import spec_text
from tests.random_specs.recipe import Recipe

TRIED = 150, 450  # seeds about the same ops, and where these do not show every role


def main(wanted: str, *more: str) -> int:
    """One recipe in this process, or many in processes of their own; 1 where a promise is broken."""
    import torch

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="random-specs-") as folder:
        if wanted == "cover":
            return _cover(more, Path(folder))
        if "-" in wanted:
            first, last = map(int, wanted.split("-"))
            into, processes = (*more, "", "2")[:2] if len(more) < 2 else more[:2]
            return _many(range(first, last + 1), Path(folder), Path(into) if into else None, int(processes))
        recipe = Recipe.of(wanted)
        print(spec_text(recipe))
        result = run.one(recipe, Path(folder) / "one", whole=True)
        print(f"{result.outcome} {result.words}\n{result.trace}")
        return not result.fine


def _cover(about: tuple[str, ...], folder: Path) -> int:
    """Lines of both tables for these ops; recipes that do not hold are left out."""
    wanted = {role for role in roles.possible() if role[0] in about}
    recipes = [Recipe(seed, about) for seed in range(TRIED[1])]
    known, held = shown(recipes[: TRIED[0]], folder), set[Recipe]()
    if not wanted.issubset(role for found in known.values() for role in found):
        known |= shown(recipes[TRIED[0] :], folder)
    while True:
        first, _ = cover({recipe: {op for op, _ in found} for recipe, found in known.items()}, about)
        rest = wanted - {role for recipe in first for role in known[recipe]}
        more, missing = cover(known, rest)
        if held.issuperset([*first, *more]):
            break
        for result in run.many([each for each in (*first, *more) if each not in held], folder, 2):
            recipe = Recipe.of(result.recipe)
            if result.outcome == "held":
                known[recipe] = set(result.roles)  # what it showed, which may be less than its spec has
                held.add(recipe)
            else:
                del known[recipe]
    for table, chosen in (("FIRST", first), ("MORE", more)):
        print(f'{table}: "{" ".join(about)}": {_numbers(chosen)},', flush=True)
    if missing:
        print(f"not shown: {sorted(missing)}", flush=True)
    return int(bool(missing))


def _numbers(recipes: Iterable[Recipe]) -> str:
    return str(tuple(recipe.seed for recipe in recipes))


def _many(seeds: range, folder: Path, into: Path | None, processes: int) -> int:
    """Results are lines of `into` as they come; what stands there already is not done again."""
    done: dict[str, dict[str, object]] = {}
    if into is not None and into.exists():
        done = {line["recipe"]: line for line in map(json.loads, into.read_text("utf-8").splitlines())}
    todo = [Recipe(seed) for seed in seeds if str(seed) not in done]
    for result in run.many(todo, folder, processes, whole=True):
        done[result.recipe] = asdict(result)
        if into is not None:
            with into.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(result)) + "\n")
        if not result.fine:
            print(result.told(), flush=True)
    outcomes = Counter(str(done[str(seed)]["outcome"]) for seed in seeds)
    print(", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common()))
    return int(bool(set(outcomes) - set(run.FINE)))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""`python -m tests.random_specs SEED` shows one seed; `FROM-TO [FILE [PROCESSES]]` tries many, resumable.

`cover [SEEDS]` finds few of so many seeds that hold and show every op in every role (for seeds.py).
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from tests.random_specs import run
from tests.random_specs.cover import cover, shown
from tests.random_specs.grow import spec_text


def main(wanted: str, into: str = "", processes: str = "2") -> int:
    """One seed in this process, or many in processes of their own; 1 where a promise is broken."""
    import torch

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="random-specs-") as folder:
        if wanted == "cover":
            return _cover(int(into or 1400), Path(folder))
        if "-" not in wanted:
            print(spec_text(int(wanted)))
            result = run.one(int(wanted), Path(folder) / wanted, whole=True)
            print(f"{result.outcome} {result.words}\n{result.trace}")
            return not result.fine
        first, last = map(int, wanted.split("-"))
        return _many(range(first, last + 1), Path(folder), Path(into) if into else None, int(processes))


def _cover(seeds: int, folder: Path) -> int:
    """Few seeds that hold and show every role: those that do not hold are left out, until all chosen do."""
    known, held = shown(range(seeds), folder), set[int]()
    while True:
        chosen, _ = cover(known, 60)
        for result in run.many([seed for seed in chosen if seed not in held], folder, 2):
            if result.outcome == "held":
                known[result.seed] = set(result.roles)  # what it showed, which may be less than its spec has
                held.add(result.seed)
            else:
                del known[result.seed]
        again, missing = cover(known, 60)
        if again == chosen and held.issuperset(chosen):
            print(f"{len(chosen)} seeds: {tuple(chosen)}\nnot shown: {sorted(missing) or 'nothing'}")
            return int(bool(missing))


def _many(seeds: range, folder: Path, into: Path | None, processes: int) -> int:
    """Results are lines of `into` as they come; what stands there already is not done again."""
    done: dict[int, dict[str, object]] = {}
    if into is not None and into.exists():
        done = {line["seed"]: line for line in map(json.loads, into.read_text("utf-8").splitlines())}
    todo = [seed for seed in seeds if seed not in done]
    for result in run.many(todo, folder, processes, whole=True):
        done[result.seed] = asdict(result)
        if into is not None:
            with into.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(result)) + "\n")
        if not result.fine:
            print(result.told(), flush=True)
    outcomes = Counter(str(done[seed]["outcome"]) for seed in seeds)
    print(", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common()))
    return int(bool(set(outcomes) - set(run.FINE)))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

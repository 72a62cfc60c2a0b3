"""Writes what a run on a GPU found into docs/performance.md: a section for each card, by its name.

    python -m bench.gpu.table OUT/results.json

A section that is there for the card is replaced. Results of a miniature are refused.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.gpu.results import FAILED, OK, Results, Row

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"
NONE = "No figures of a GPU yet: nothing has run on one."
BEGIN, END = "<!-- cards -->", "<!-- end of cards -->"
OURS, PEERS = "ours", {"stylegan2-ada": "stylegan2-ada-pytorch", "BigGAN-PyTorch": "BigGAN-PyTorch"}
HEAD: tuple[str, ...] = ("step", "ours, ms", "official, ms", "ratio", "by the clock", "images/s")
HEAD += ("GiB", "official", "launches", "official")
STATED = ("torch", "cuda", "cudnn", "python", "GiB", "multiprocessors", "state")


def section(results: Results) -> str:
    """A card's: what it is, the counts, steps beside the official code, where their time goes, what failed.

    Raises SystemExit where no step was measured, or not on a GPU.
    """
    if not str(results.facts.get("device", "")).startswith("cuda"):
        raise SystemExit("these are results of a CPU: a miniature's figures say nothing of a GPU")
    facts, rates = (row.found if (row := results.named(name)) else {} for name in ("versions", "rates"))
    if "card" not in facts:
        raise SystemExit("these results don't say of which card they are")
    stated = ", ".join(f"{key} {_short(facts[key])}" for key in STATED if key in facts)
    reached = ", ".join(f"{key} {_short(value)}" for key, value in rates.items())
    parts = [
        f"### {facts['card']}",
        f"{results.facts['began']}; {stated}. Rates alone: {reached}. Entries: {results.last_line()}.",
        "\n".join(steps(results)),
        "\n".join(kinds(results)),
        "\n".join(fed(results)),
        "\n".join(f"- failed: {row.name}: {row.why}" for row in results.of(FAILED)),
    ]
    return "\n\n".join(part for part in parts if part)


def steps(results: Results) -> Iterator[str]:
    """The table of steps."""
    found = [row for row in results.of(OK) if row.name.startswith(f"step {OURS} ")]
    if not found:
        raise SystemExit("no step was measured")
    yield f"| {' | '.join(HEAD)} |"
    yield "|---|" + "--:|" * (len(HEAD) - 1)
    for mine in found:
        what = mine.name.removeprefix(f"step {OURS} ")
        theirs = official(results, what)
        pair = results.named(f"{OURS} : official, {what}")
        a, b, c = mine.found, theirs.found if theirs else {}, pair.found if pair else {}
        named = "" if not theirs or b.get("own kernels", True) else " (its reference operations)"
        cells = [what, _short(a["step ms"]), _short(b.get("step ms")) + named, _ratio(c.get("time"))]
        cells += [_ratio(c.get("clock")), _short(a["images/s"])]
        cells += [_short(a["peak GiB"]), _short(b.get("peak GiB"))]
        cells += [_short(a.get("launches")), _short(b.get("launches"))]
        yield f"| {' | '.join(cells)} |"


def kinds(results: Results) -> Iterator[str]:
    """The table of what the time of a step in which every phase is due goes to, in ms."""
    rows = [row for row in results.of(OK) if row.name.startswith("step ") and "kinds" in row.found]
    names = list(dict.fromkeys(name for row in rows for name in row.found["kinds"]))
    if not rows:
        return
    yield f"| every phase, ms (launches) | {' | '.join(names)} |"
    yield "|---|" + "--:|" * len(names)
    for row in rows:
        cells = [row.found["kinds"].get(name) for name in names]
        told = [f"{_short(cell['ms'])} ({cell['calls']})" if cell else "" for cell in cells]
        yield f"| {row.name.removeprefix('step ')} | {' | '.join(told)} |"


def fed(results: Results) -> Iterator[str]:
    """What comes from files."""
    for row in results.of(OK):
        if row.name.startswith(("fed ", "images, ")):
            yield f"- {row.name}: {_short(row.found['images/s'])} images/s"


def official(results: Results, what: str) -> Row | None:
    """The official code's row for the same step."""
    return next((row for peer in PEERS if (row := results.named(f"step {peer} {what}"))), None)


def written(page: str, card: str) -> str:
    """The page with this section, in place of the card's before. Raises SystemExit for another page."""
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        raise SystemExit(f"the page has no place for cards: {BEGIN} and {END}")
    before, rest = page.split(BEGIN)
    held, after = rest.split(END)
    heading = card.partition("\n")[0]
    others = [part.strip() for part in re.split(r"^(?=### )", held, flags=re.MULTILINE)]
    kept = [part for part in others if part and part != NONE and part.partition("\n")[0] != heading]
    return f"{before}{BEGIN}\n\n" + "\n\n".join([*kept, card]) + f"\n\n{END}{after}"


def _short(value: Any) -> str:
    """Three or more figures that count."""
    if value is None:
        return ""
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.gpu.table", description=__doc__.split("\n")[0])
    parser.add_argument("results", type=Path, help="the results.json of a run")
    parser.add_argument("--page", type=Path, default=PAGE, help="the document (default docs/performance.md)")
    options = parser.parse_args(arguments)
    card = section(Results.read(options.results))
    aside = options.page.with_suffix(".new")
    aside.write_text(written(options.page.read_text("utf-8"), card), "utf-8")
    os.replace(aside, options.page)
    print(f"{options.page}: {card.partition(chr(10))[0].removeprefix('### ')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

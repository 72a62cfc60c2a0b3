"""The table of what runs came to: means over seeds, the intervals of 95 %, and whether these are apart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from bench.figures import some

Row = dict[str, Any]
HEAD = "| system | figure | trained | a rule that learns nothing | apart | CPU minutes |"


def table(out: Path) -> str:
    """In Markdown, of the JSON files below `out`."""
    found: dict[str, list[Row]] = {}
    for file in sorted(out.glob("*/seed*.json")):
        if not file.name.endswith(".trained.json"):
            one = json.loads(file.read_text())
            found.setdefault(one["entry"], []).append(one)
    rows = [row for entry, runs in some("runs", found).items() for row in _rows(entry, runs)]
    return "\n".join([HEAD, "|---|---|---|---|---|---|", *rows])


def _rows(entry: str, runs: Sequence[Row]) -> list[str]:
    minutes = fmean(one["seconds"] for one in runs) / 60
    rows = []
    for number, first in enumerate(runs[0]["figures"]):
        figures = [one["figures"][number] for one in runs]
        ours = _bounds([one["value"] for one in figures])
        rules = {name: _bounds([one["rules"][name] for one in figures]) for name in first["rules"]}
        said = "; ".join(f"{name}: {_told(bounds)}" for name, bounds in rules.items())
        apart = ", ".join(_apart(ours, bounds, first["less"]) for bounds in rules.values())
        apart = apart if len(runs) > 1 else "–"
        name = f"`{entry}`, seeds: {len(runs)}" if number == 0 else ""
        rows.append(f"| {name} | {first['name']} | {_told(ours)} | {said} | {apart} | {minutes:.1f} |")
    return rows


def _bounds(values: Sequence[float]) -> tuple[float, float]:
    """Mean, and half of the interval by Student's t; of one seed there is none."""
    from scipy.stats import t

    half = t.ppf(0.975, len(values) - 1) * stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return fmean(values), float(half)


def _told(bounds: tuple[float, float]) -> str:
    mean, half = bounds
    digits = 1 if mean >= 10 else 3
    return f"{mean:.{digits}f} ± {half:.{digits}f}" if half else f"{mean:.{digits}f}"


def _apart(ours: tuple[float, float], theirs: tuple[float, float], less: bool) -> str:
    gap = (theirs[0] - ours[0]) * (1 if less else -1)
    if abs(gap) <= ours[1] + theirs[1]:
        return "no"
    return "yes" if gap > 0 else "worse"

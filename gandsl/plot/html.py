"""One self-contained page of runs and recorded curves: charts, samples, tables. It loads nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from gandsl import page
from gandsl.plot.grids import MOST as MOST_GRIDS
from gandsl.plot.grids import Shown, embedded, shown
from gandsl.plot.log import LoggedCurve, printable
from gandsl.plot.reference import Reference
from gandsl.plot.run import LoggedRun
from gandsl.plot.thin import MOST, thinned
from gandsl.plot.words import Chart, charts

SCRIPTS = ("math.js", "chart.js", "grids.js", "page.js")
CLOCK, STEPS = "time/seconds", "steps"  # what tells when a moment was
_KEYS = {
    "stage": "Dashed: a stage of growth begins.",
    "alarm": "▲: the guard alarms.",
    "resume": "Dotted: the run was resumed.",
    "change": "Violet: its plan was changed.",
}


def render(
    runs: Sequence[LoggedRun],
    references: Sequence[Reference] = (),
    grids: int = MOST_GRIDS,
    said: Sequence[str] = (),
) -> str:
    """The page. It loads nothing, and runs no script but its own; all text is escaped.

    `said` stands above it all.
    """
    named = [*_named(runs, references)]
    names = dict.fromkeys(name for name, _ in named)
    levels = {name: sorted(_levels(named, name)) for name in names}
    sections, constant = _varying(charts(name for name in names if name != STEPS), levels)
    pictures = [shown(run.grids, grids) for run in runs]
    told = [
        *said,
        *_told(runs),
        *(_lost(run, lost) for run, (_, lost) in zip(runs, pictures, strict=True) if lost),
    ]
    data = {
        "sections": [
            {"title": section, "charts": [_chart(chart) for chart in found]}
            for section, found in sections.items()
        ],
        "runs": [
            *(_run(run, found) for run, (found, _) in zip(runs, pictures, strict=True)),
            *map(_reference, references),
        ],
    }
    kinds = {event.kind for run in runs for event in run.events}
    text = page.render(
        "gandsl.plot",
        SCRIPTS,
        " · ".join([*(run.name for run in runs), *(one.name for one in references)]),
        data,
        "img-src data:",
        told="\n".join(f'<p class="told">{escape(one)}</p>' for one in told),
        facts=_facts(runs, references),
        plans=_plans(runs),
        keys=escape(" ".join([*_thinned(runs), *(word for kind, word in _KEYS.items() if kind in kinds)])),
        constant=_constant(constant),
        events=_events(runs),
        values=_values(runs, references),
    )
    return printable(text)


def _named(
    runs: Sequence[LoggedRun], references: Sequence[Reference]
) -> Iterator[tuple[str, Sequence[float]]]:
    """Every name with its values, of each run and each recorded curve."""
    for run in runs:
        yield from ((name, curve.values) for name, curve in run.log.curves.items())
    for one in references:
        for name, curve in one.curves.items():
            yield from ((name, values) for values in (curve.low, curve.high))


def _levels(named: Iterable[tuple[str, Sequence[float]]], name: str) -> set[float]:
    """All values of a name, wherever it occurs; of many the first two."""
    found: set[float] = set()
    for values in (values for one, values in named if one == name):
        found |= {min(values), max(values)}
    return found


def _varying(
    sections: Mapping[str, Sequence[Chart]], levels: Mapping[str, Sequence[float]]
) -> tuple[dict[str, list[Chart]], dict[str, float]]:
    """The charts in which something changes, by section; and the values of what never does."""
    found = {
        section: [chart for chart in them if any(len(levels[name]) > 1 for name in chart.names)]
        for section, them in sections.items()
    }
    drawn = {name for them in found.values() for chart in them for name in chart.names}
    still = {name: values for name, values in levels.items() if name not in drawn}
    constant = {name: values[0] for name, values in still.items() if len(values) == 1}
    return {section: them for section, them in found.items() if them}, constant


def _thinned(runs: Sequence[LoggedRun]) -> Iterator[str]:
    most = max((-(-len(curve) // MOST) for run in runs for curve in run.log.curves.values()), default=1)
    if most > 1:
        yield (
            f"Where a curve has more than {MOST} records, a point is the mean of up to {most} of them, "
            "and the band reaches from their lowest to their highest."
        )


def _constant(found: Mapping[str, float]) -> str:
    """What never changes needs no chart."""
    said = " · ".join(f"{name} {value:.6g}" for name, value in found.items())
    return f'<p class="keys">The same throughout: {escape(said)}</p>' if found else ""


def _short(values: Iterable[float], digits: int = 6) -> list[float]:
    """So many digits that matter: more than a screen shows."""
    return [float(f"{value:.{digits}g}") for value in values]


def _chart(chart: Chart) -> dict[str, Any]:
    group = chart.group
    return {
        "title": chart.title,
        "unit": group.unit,
        "note": group.note,
        "exact": group.exact,
        "curves": chart.names,
    }


def _run(run: LoggedRun, pictures: Sequence[Shown]) -> dict[str, Any]:
    curves = {name: _thin(curve) for name, curve in run.log.curves.items()}
    reals = None if run.reals is None else embedded(0, run.reals)
    return {
        "name": run.name,
        "kind": "run",
        "span": run.log.span,
        "curves": curves,
        "clock": curves.get(CLOCK),
        "steps": curves.get(STEPS),
        "events": [{"at": one.images, "kind": one.kind, "text": one.text} for one in run.events],
        "grids": [_picture(one) for one in pictures],
        "reals": reals and _picture(reals),
    }


def _thin(curve: LoggedCurve) -> dict[str, Any]:
    found = thinned(curve)
    points: dict[str, Any] = {"x": _short(found.images, 9), "y": _short(found.values), "n": found.each}
    if found.low is not None and found.high is not None:
        points |= {"l": _short(found.low), "h": _short(found.high)}
    return points


def _picture(one: Shown) -> dict[str, Any]:
    return {"at": one.images, "src": one.source, "w": one.width, "faithful": one.faithful}


def _reference(one: Reference) -> dict[str, Any]:
    curves = {
        name: {
            "x": _short(c.images, 9),
            "y": _short(c.mean),
            "l": _short(c.low),
            "h": _short(c.high),
            "n": 1,
        }
        for name, c in one.curves.items()
    }
    ends = [end for c in one.curves.values() for end in (c.images[0], c.images[-1])]
    return {"name": one.name, "kind": "reference", "span": (min(ends), max(ends)), "curves": curves}


def _told(runs: Sequence[LoggedRun]) -> Iterator[str]:
    """What of the files could not be used."""
    for run in runs:
        if run.log.damaged:
            yield f"{run.name}: {run.log.damaged:,} lines of log.jsonl can't be read and are left out"
        if run.log.lost:
            yield f"{run.name}: {run.log.lost:,} values in the log are no finite numbers and are left out"
        if run.damaged_alarms:
            yield f"{run.name}: {run.damaged_alarms:,} lines of alarms.jsonl can't be read and are left out"
        if run.evaluations.damaged:
            yield f"{run.name}: {run.evaluations.damaged:,} lines of evaluation.jsonl can not be read"
        if run.evaluations.apart:
            many = f"{run.evaluations.apart:,} figures"
            yield f"{run.name}: {many} don't compare with newer ones and are left out"


def _lost(run: LoggedRun, count: int) -> str:
    return f"{run.name}: {count:,} of the image grids can't be read and are left out"


def _facts(runs: Sequence[LoggedRun], references: Sequence[Reference]) -> str:
    columns = [run.facts for run in runs] + [
        {"recorded from": f"{len(one.runs)} runs: {', '.join(one.runs)}"} for one in references
    ]
    labels = list(dict.fromkeys(label for column in columns for label in column))
    head = ["", *(run.name for run in runs), *(f"{one.name} (recorded)" for one in references)]
    return _table(head, [[label, *(column.get(label, "") for column in columns)] for label in labels])


def _plans(runs: Sequence[LoggedRun]) -> str:
    """Fields of the plan that are not alike in all runs; of one run, all of them folded."""
    from gandsl_runtime.plan.difference import shown as said

    runs = [run for run in runs if run.plan]
    if not runs:
        return ""
    names = list(dict.fromkeys(name for run in runs for name in run.plan))
    rows = [[name, *(said(run.plan[name]) if name in run.plan else "–" for run in runs)] for name in names]
    head = ["training.", *(run.name for run in runs)]
    if len(runs) > 1:
        differing = [row for row in rows if len(set(row[1:])) > 1]
        if not differing:
            return '<p class="keys">The plans are alike.</p>'
        table = _table(head, differing)
        return _folded("What differs in the plans", table, " open")
    return _folded("The plan", _table(head, rows))


def _folded(title: str, table: str, state: str = "") -> str:
    return f'<details{state}><summary>{escape(title)}</summary><div class="wide">{table}</div></details>'


def _events(runs: Sequence[LoggedRun]) -> str:
    rows = [
        [f"{event.images:,.0f}", run.name, event.kind, event.text] for run in runs for event in run.events
    ]
    if not rows:
        return ""
    table = _table(["images shown", "run", "", "what happened"], rows, numbers=(0,))
    return f'<h2>What happened when</h2><div class="wide">{table}</div>'


def _values(runs: Sequence[LoggedRun], references: Sequence[Reference]) -> str:
    """The only place that needs no script; a reference has here what its mean has."""
    columns: list[tuple[str, Mapping[str, Sequence[float]]]] = [
        (run.name, {name: curve.values for name, curve in run.log.curves.items()}) for run in runs
    ]
    columns += [(one.name, {name: c.mean for name, c in one.curves.items()}) for one in references]
    rows = [
        [name, of, *(f"{value:.6g}" for value in (values[-1], min(values), max(values))), f"{len(values):,}"]
        for name in dict.fromkeys(name for _, found in columns for name in found)
        for of, found in columns
        if (values := found.get(name))
    ]
    return _table(["name", "run", "last", "lowest", "highest", "records"], rows, numbers=range(2, 6))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], numbers: Iterable[int] = ()) -> str:
    right = set(numbers)

    def row(cells: Sequence[str], tag: str) -> str:
        found = (
            f"<{tag}{' class=number' * (place in right)}>{escape(cell)}</{tag}>"
            for place, cell in enumerate(cells)
        )
        return f"<tr>{''.join(found)}</tr>"

    return f"<table>{row(head, 'th')}{''.join(row(one, 'td') for one in rows)}</table>"

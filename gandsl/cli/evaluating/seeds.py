"""Runs of one spec, told together: means over training seeds, with an interval that says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import fmean
from typing import TYPE_CHECKING, Any

from gandsl.cli.evaluating.report import ReportColumn

if TYPE_CHECKING:
    from gandsl_runtime.evaluation.figure import Figure


def together(columns: Sequence[ReportColumn]) -> list[ReportColumn]:
    """A column for each spec of which several runs, trained as long, are among these: of their means.

    Raises MissingExtra.
    """
    found: dict[Any, dict[str, ReportColumn]] = {}
    for column in columns:
        about = column.figures[0].about if column.figures else {}
        if column.folder is not None and about.get("spec"):
            alike = (about["spec"], about.get("images"), column.truncation)
            found.setdefault(alike, {}).setdefault(str(column.folder.resolve()), column)
    return [_mean([*runs.values()]) for runs in found.values() if len(runs) > 1]


def _mean(runs: Sequence[ReportColumn]) -> ReportColumn:
    return ReportColumn(f"mean of {len(runs)} runs", [*_figures(runs)])


def _figures(runs: Sequence[ReportColumn]) -> Iterator[Figure]:
    from gandsl_runtime.evaluation.intervals import over_seeds

    for first in runs[0].figures:
        each = [one for run in runs for one in run.figures if one.metric == first.metric]
        if len(each) == len(runs):
            values = [one.value for one in each]
            about = {"runs": [one.about.get("path") for one in each], "spec": first.about.get("spec")}
            interval = over_seeds(values)
            yield replace(first, value=fmean(values), interval=interval, note="", pairs=(), about=about)

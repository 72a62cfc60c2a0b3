"""How figures are told: as a table for people, Markdown, CSV, or JSON; never two that don't compare."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

from gandsl.cli.output import columns as terminal_columns
from gandsl.cli.output import table

if TYPE_CHECKING:
    from gandsl_runtime.evaluation.figure import Figure
    from gandsl_runtime.evaluation.sources import ImageSet

SIGNS = {"lower": "lower is better", "higher": "higher is better", "": "as real images have it"}


@dataclass(frozen=True)
class ReportColumn:
    """What a subject came to."""

    name: str
    figures: Sequence[Figure]
    remarks: Sequence[str] = ()
    truncation: float | None = None  # where there are several
    folder: Path | None = None  # of the run
    images: tuple[ImageSet, ImageSet] | None = None  # samples, and the real ones that they are compared with


def text(columns: Sequence[ReportColumn]) -> str:
    """A table of one column a subject, or of all that is known of a single one; and what it depends on."""
    head, *body = rows(columns)
    wide = terminal_columns()
    said = (wrap(one, wide, subsequent_indent="  ", break_long_words=False) for one in conditions(columns))
    return "\n".join([table(head, body), "", *(line for lines in said for line in lines)])


def markdown(columns: Sequence[ReportColumn]) -> str:
    """The same for a page."""
    head, *body = rows(columns)
    lines = [_row(head), _row(["---", *(["--:"] * (len(head) - 1))]), *map(_row, body)]
    return "\n".join([*lines, "", *(f"{line}  " for line in conditions(columns))])


def comma_separated(columns: Sequence[ReportColumn]) -> str:
    """A line each figure, with all that it depends on."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(_HEAD)
    for column in columns:
        for one in column.figures:
            low, high, over = (
                (one.interval.low, one.interval.high, one.interval.over) if one.interval else [""] * 3
            )
            of, floor = one.conditions, "" if one.floor is None else one.floor
            known = (column.name, one.metric, one.label, one.value, low, high, over, floor, one.floor_images)
            where = (of.extractor, of.weights, of.filter, of.real, of.made_images, of.real_images)
            writer.writerow([*known, one.better, *where, one.note])
    return file.getvalue().rstrip("\n")


def rows(columns: Sequence[ReportColumn]) -> list[list[str]]:
    """The table's rows, the first its head."""
    return _single(columns[0]) if len(columns) == 1 else _several(columns)


_HEAD = (
    *("subject", "metric", "label", "value", "low", "high", "over", "floor", "floor_images", "better"),
    *("extractor", "weights", "filter", "real", "made_images", "real_images", "note"),
)


def _single(column: ReportColumn) -> list[list[str]]:
    rows = [["metric", "value", "95 %", "floor", "better"]]
    for one in column.figures:
        rows.append([one.label, number(one.value), _bounds(one), _floor(one), one.better or "–"])
    return rows


def _several(columns: Sequence[ReportColumn]) -> list[list[str]]:
    names = {one.metric: one for column in columns for one in column.figures}
    rows = [["metric", *(column.name for column in columns), "floor"]]
    for name, first in names.items():
        cells = []
        for column in columns:
            one = next((figure for figure in column.figures if figure.metric == name), None)
            cells.append("–" if one is None else _with_bounds(one))
        rows.append([first.label, *cells, _floor(first)])
    return rows


def number(value: float) -> str:
    """Four digits that count."""
    return f"{value:.4g}" if abs(value) < 1e5 else f"{value:.4e}"


def _bounds(one: Figure) -> str:
    return "–" if one.interval is None else f"{number(one.interval.low)} to {number(one.interval.high)}"


def _with_bounds(one: Figure) -> str:
    if one.interval is None:
        return number(one.value)
    half = (one.interval.high - one.interval.low) / 2
    return f"{number(one.value)} ± {half:.2g}"


def _floor(one: Figure) -> str:
    return "–" if one.floor is None else number(one.floor)


def conditions(columns: Sequence[ReportColumn]) -> list[str]:
    """What the table's figures depend on, a sentence each, and what its intervals are over."""
    every = [one for column in columns for one in column.figures]
    found: list[str] = []
    if every:
        of = every[0].conditions
        shape = "×".join(map(str, of.shape))
        found.append(f"{of.made_images:,} samples beside {of.real_images:,} real images ({of.real}), {shape}")
    seen = {(one.conditions.extractor, one.conditions.weights, one.conditions.filter) for one in every}
    found += [
        f"features: {name}, weights {weights}, images resized by {filter}"
        for name, weights, filter in sorted(seen)
        if name
    ]
    over = sorted({one.interval.over for one in every if one.interval})
    found += [f"intervals are over {_INTERVALS[tuple(over)]}"] if over else []
    floors = {one.floor_images for one in every if one.floor is not None}
    found += [f"floor: {max(floors):,} real images against as many others"] if floors else []
    found += list(dict.fromkeys(f"{one.label}: {one.note}" for one in every if one.note))
    found += list(dict.fromkeys(remark for column in columns for remark in column.remarks))
    return found


_INTERVALS = {
    ("images",): "images: other samples of the same generator, and other real images",
    ("training seeds",): "training seeds",
    ("images", "training seeds"): "images, and those of means over training seeds: other runs of the spec",
}


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"

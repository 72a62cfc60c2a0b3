"""The figures as one page that loads nothing: the table, the curve along the truncation, pairs of copies."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from gandsl import page as pages
from gandsl.cli.evaluating import report
from gandsl.cli.evaluating.report import ReportColumn

if TYPE_CHECKING:
    import numpy as np

    from gandsl_runtime.evaluation.figure import Figure

WIDTH, HEIGHT, EDGE = 640, 320, 48  # of a curve, in pixels
COLOUR = "#0072b2"


def page(columns: Sequence[ReportColumn]) -> str:
    """The page; all text is escaped."""
    return pages.render(
        "gandsl.cli.evaluating",
        (),
        " · ".join(dict.fromkeys(column.name for column in columns)),
        {},
        "img-src data:",
        table=_table(report.rows(columns)),
        conditions="".join(f"<li>{escape(said)}</li>" for said in report.conditions(columns)),
        curve=_curves(columns),
        pairs="".join(_pairs(column) for column in columns),
    )


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows)
    return f"<table><tr>{head.replace('td>', 'th>')}</tr>{''.join(f'<tr>{row}</tr>' for row in body)}</table>"


# ---- along the truncation ----------


def _curves(columns: Sequence[ReportColumn]) -> str:
    """A chart for each metric of which there are several truncations."""
    points: dict[str, list[tuple[float, Figure]]] = {}
    for column in columns:
        for one in column.figures:
            if column.truncation is not None:
                points.setdefault(one.label, []).append((column.truncation, one))
    drawn = [_chart(label, sorted(some, key=lambda pair: pair[0])) for label, some in points.items()]
    return f"<h2>Along the truncation ψ</h2>{''.join(drawn)}" if drawn else ""


def _chart(label: str, points: Sequence[tuple[float, Figure]]) -> str:
    """Values with their intervals, from the lowest ψ to the highest."""
    bounds = [value for _, one in points for value in _reach(one)]
    low, high = min(bounds), max(bounds)
    first, last = points[0][0], points[-1][0]

    def at(psi: float, value: float) -> tuple[float, float]:
        x = EDGE + (psi - first) / (last - first or 1) * (WIDTH - 2 * EDGE)
        return round(x, 1), round(HEIGHT - EDGE - (value - low) / (high - low or 1) * (HEIGHT - 2 * EDGE), 1)

    found = [at(psi, one.value) for psi, one in points]
    ways = " ".join(f"{x},{y}" for x, y in found)
    parts = [f'<polyline points="{ways}" fill="none" stroke="{COLOUR}" stroke-width="2"/>']
    for (psi, one), (x, y) in zip(points, found, strict=True):
        parts.append(f'<circle cx="{x}" cy="{y}" r="3" fill="{COLOUR}"/>')
        parts.append(_text(x, HEIGHT - EDGE + 18, "middle", f"{psi:g}"))
        if one.interval:
            parts.append(_bar(x, at(psi, one.interval.low)[1], at(psi, one.interval.high)[1]))
    parts += [_text(EDGE - 6, at(first, value)[1] + 4, "end", report.number(value)) for value in (low, high)]
    drawn = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}">{"".join(parts)}</svg>'
    return f"<figure><figcaption>{escape(label)}</figcaption>{drawn}</figure>"


def _text(x: float, y: float, anchor: str, said: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(said)}</text>'


def _reach(one: Figure) -> Iterator[float]:
    yield one.value
    if one.interval:
        yield from (one.interval.low, one.interval.high)


def _bar(x: float, low: float, high: float) -> str:
    return f'<line x1="{x}" x2="{x}" y1="{low}" y2="{high}" stroke="{COLOUR}" stroke-opacity=".4"/>'


# ---- copies ----------


def _pairs(column: ReportColumn) -> str:
    """Samples that resemble training images most, each above the one that it resembles."""
    figure = next((one for one in column.figures if one.pairs), None)
    if figure is None or column.images is None:
        return ""
    samples, real = column.images
    shown = "".join(
        f"<figure>{_picture(samples.batch(a, a + 1)[0])}{_picture(real.batch(b, b + 1)[0])}"
        f"<figcaption>{place}</figcaption></figure>"
        for place, (a, b) in enumerate(figure.pairs, 1)
    )
    said = f"{column.name}: samples (above) and the training images that they resemble, the nearest first"
    return f'<h2>Copies?</h2><p>{escape(said)}. {escape(figure.note)}</p><div class="pairs">{shown}</div>'


def _picture(pixels: np.ndarray) -> str:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels.transpose(1, 2, 0)).save(file, "PNG")
    return f'<img alt="" src="data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}">'

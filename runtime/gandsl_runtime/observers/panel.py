"""The live view of a run on a terminal: two figures a line, one where it is narrow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.box import ROUNDED
from rich.console import Group
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from .progress import Progress, number

WIDEST, NARROW = 100, 80  # columns
_BARS = "▁▂▃▄▅▆▇█"
_NOTHING = "the first figures come at the log's cadence"
# what has a place of its own, or none: the rest is shown below, a group a line, as it is named
_PLACED = ("images", "steps", "batch", "level", "alpha")
_PLACED_GROUPS = ("time", "memory", "loss", "score", "lr", "augment")


def panel(progress: Progress, columns: int) -> Panel:
    """What the terminal shows now."""
    width = min(columns, WIDEST)
    head = Table.grid(expand=True, padding=(0, 2, 0, 0))
    head.add_column(ratio=1)
    head.add_column(justify="right", no_wrap=True)
    head.add_column(justify="right", no_wrap=True, style="bold")
    bar = ProgressBar(1.0, progress.share, complete_style="cyan", finished_style="green")
    head.add_row(bar, progress.of_length(), f"{100 * progress.share:.0f} %")
    figures = _rows(list(_pairs(progress)), 2 if width >= NARROW else 1)
    body = [figures, _rows(list(_others(progress)), 1)] if progress.values else [Text(_NOTHING, style="dim")]
    return Panel(
        Group(head, Text(), *body),
        title=Text(progress.name, style="not dim bold"),
        title_align="left",
        subtitle=Text(progress.times()),
        subtitle_align="right",
        box=ROUNDED,
        border_style="dim",
        padding=(0, 1),
        width=width,
    )


def _rows(pairs: Sequence[tuple[str, Text]], a_row: int) -> Table:
    """Names and values side by side."""
    table = Table.grid(expand=True, padding=(0, 1, 0, 0))
    for ratio in (6, 5)[:a_row]:
        table.add_column(style="dim", width=8, no_wrap=True, overflow="ellipsis")
        table.add_column(ratio=ratio, no_wrap=a_row > 1, overflow="ellipsis")
    for begin in range(0, len(pairs), a_row):
        table.add_row(*(cell for pair in pairs[begin : begin + a_row] for cell in pair))
    return table


def _pairs(progress: Progress) -> Iterator[tuple[str, Text]]:
    values = progress.values
    yield "speed", Text(progress.speed())
    yield "memory", Text(progress.memory())
    for side in ("D", "G"):
        if f"loss/{side}" in values:
            yield f"loss {side}", _curve(values[f"loss/{side}"], progress.history[f"loss/{side}"])
    yield "score", Text(progress.named("score/"))
    yield "rate", Text(progress.named("lr/"))
    if "level" in values:
        yield "level", Text(progress.level())
    if "augment/p" in values:
        yield "augment", Text(f"p {values['augment/p']:.3f}")


def _others(progress: Progress) -> Iterator[tuple[str, Text]]:
    """Penalties, metrics, and what else is in the log."""
    values = progress.values
    for group in dict.fromkeys(name.partition("/")[0] for name in values if name not in _PLACED):
        if group not in _PLACED_GROUPS:
            said = number(values[group]) if group in values else progress.named(f"{group}/")
            yield group.replace("_", " "), Text(said)


def _curve(value: float, history: Sequence[float]) -> Text:
    """The newest value, and the last ones as a line of bars."""
    return Text(f"{number(value):<7} ").append(bars(history), style="cyan")


def bars(values: Sequence[float]) -> str:
    """Values as bars between their lowest and their highest: `▁▃▅█`."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    step = (high - low) / (len(_BARS) - 1) or 1.0
    return "".join(_BARS[round((value - low) / step)] for value in values)

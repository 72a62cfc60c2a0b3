"""The live view of a run on a terminal: two figures a line where both fit, else one; nothing is cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import NamedTuple

from rich.box import ROUNDED
from rich.cells import cell_len
from rich.console import Group
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from .progress import Progress, number

WIDEST, NARROW = 100, 80  # columns
LABEL = 9  # columns of labels; a longer one takes its figure's line alone
_BORDERS = 5  # lines: two, the bar, a blank one, and one above for the shell's own
_BARS = "▁▂▃▄▅▆▇█"
_NOTHING = "the first figures come at the log's cadence"
# what has a place of its own, or none: the rest is shown below, a group a line, as it is named
_PLACED = ("images", "steps", "batch", "level", "alpha")
_PLACED_GROUPS = ("time", "memory", "loss", "score", "lr", "augment", "guard")
_ALARM = "bold red"


class PanelFigure(NamedTuple):
    """What stands beside a label: parts, between which a line may break, and their style."""

    label: str
    parts: Sequence[str]
    curve: str = ""
    style: str = ""

    @property
    def text(self) -> str:
        """In one line."""
        return " · ".join(self.parts)


def panel(progress: Progress, columns: int, lines: int = 24) -> Panel:
    """What the terminal shows now, in at most `lines`."""
    width = min(columns, WIDEST)
    head = Table.grid(expand=True, padding=(0, 2, 0, 0))
    head.add_column(ratio=1)
    head.add_column(justify="right", no_wrap=True)
    head.add_column(justify="right", no_wrap=True, style="bold")
    bar = ProgressBar(1.0, progress.share, complete_style="cyan", finished_style="green")
    head.add_row(bar, progress.of_length(), f"{100 * progress.share:.0f} %")
    body = _body(progress, width - 4) if progress.values else [Text(_NOTHING, style="dim")]
    if (room := max(lines - _BORDERS, 4)) < len(body):
        missing = len(body) - room + 1
        body = [*body[: room - 1], Text(f"and {missing} more lines, in log.jsonl", style="dim")]
    return Panel(
        Group(head, Text(), *body),
        title=Text(_end_of(progress.name, width - 6), style="not dim bold"),
        title_align="left",
        subtitle=Text(_times(progress, width - 6)),
        subtitle_align="right",
        box=ROUNDED,
        border_style="dim",
        padding=(0, 1),
        width=width,
    )


def _body(progress: Progress, inner: int) -> list[Text]:
    """The figures, in lines of `inner` columns."""
    halves: Sequence[int] = (inner - 36, 35) if inner + 4 >= NARROW else ()
    pairs = [*_pairs(progress), *((figure,) for figure in _guard(progress))]
    others = list(_others(progress))
    while others:
        pair = tuple(others[: 2 if _fit(others[:2], halves) else 1])
        pairs.append(pair)
        del others[: len(pair)]
    lines: list[Text] = []
    for pair in pairs:
        texts = [_lines(figure, inner) for figure in pair]
        if _fit(pair, halves):
            (left,), (right,) = texts
            left.pad_right(halves[0] + 1 - left.cell_len)
            lines.append(left + right)
        else:
            lines += [line for text in texts for line in text]
    return lines


def _fit(pair: Sequence[PanelFigure], halves: Sequence[int]) -> bool:
    """Whether these are two, and both fit into half a line."""
    return len(pair) == len(halves) == 2 and all(
        len(figure.label) < LABEL and LABEL + cell_len(figure.text + figure.curve) <= half
        for figure, half in zip(pair, halves, strict=True)
    )


def _lines(figure: PanelFigure, width: int) -> list[Text]:
    """A label, and beside it its parts in as many lines as they take."""
    first = figure.label.ljust(LABEL) if len(figure.label) < LABEL else f"{figure.label} "
    lines, room = [""], width - cell_len(first)
    for part in figure.parts:
        joined = f"{lines[-1]} · {part}" if lines[-1] else part
        if cell_len(joined) <= room:
            lines[-1] = joined
            continue
        room = max(width - LABEL, 8)
        lines = [*(line for line in lines if line), *_wrapped(part, room)]
    texts = [
        Text((" " * LABEL if place else first), style="dim").append(
            line, style=f"not dim {figure.style}".strip()
        )
        for place, line in enumerate(lines)
    ]
    texts[-1].append(figure.curve, style="not dim cyan")
    return texts


def _wrapped(part: str, room: int) -> list[str]:
    """Broken between words, and within one only where it is longer than a line."""
    lines = wrap(part, room, break_long_words=False, break_on_hyphens=False)
    return [piece for line in lines for piece in wrap(line, room)]


def _pairs(progress: Progress) -> Iterator[tuple[PanelFigure, ...]]:
    """What belongs together."""
    values = progress.values
    yield PanelFigure("speed", progress.speed()), PanelFigure("memory", progress.memory())
    yield tuple(
        PanelFigure(f"loss {side}", [f"{number(values[name]):<7} "], bars(progress.history[name]))
        for side in ("D", "G")
        if (name := f"loss/{side}") in values
    )
    yield PanelFigure("score", progress.named("score/")), PanelFigure("rate", progress.rates())
    level = [PanelFigure("level", [progress.level()])] if "level" in values else []
    augment = [PanelFigure("augment", [f"p {values['augment/p']:.3f}"])] if "augment/p" in values else []
    yield (*level, *augment)


def _guard(progress: Progress) -> Iterator[PanelFigure]:
    """One line; after an alarm its signs too."""
    if progress.guard is None:
        return
    alarm = bool(progress.guard.signs)
    yield PanelFigure("guard", progress.guard.line.split(" · "), style=_ALARM if alarm else "")
    for sign in progress.guard.signs:
        yield PanelFigure("", [sign], style=_ALARM)


def _others(progress: Progress) -> Iterator[PanelFigure]:
    """Penalties, metrics, and what else is in the log."""
    values = progress.values
    for group in dict.fromkeys(name.partition("/")[0] for name in values if name not in _PLACED):
        if group not in _PLACED_GROUPS:
            said = [number(values[group])] if group in values else []
            yield PanelFigure(group.replace("_", " "), [*said, *progress.named(f"{group}/")])


def _times(progress: Progress, width: int) -> str:
    """So far and left; where both don't fit, left."""
    both = progress.times()
    return both if len(both) <= width else both.rpartition(" · ")[2]


def _end_of(name: str, width: int) -> str:
    """The end of a name that is too long: that is where runs differ."""
    return name if len(name) <= width else f"…{name[1 - width :]}"


def bars(values: Sequence[float]) -> str:
    """Values as bars between their lowest and their highest: `▁▃▅█`."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    step = (high - low) / (len(_BARS) - 1) or 1.0
    return "".join(_BARS[round((value - low) / step)] for value in values)

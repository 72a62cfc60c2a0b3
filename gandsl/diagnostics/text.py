"""Renders diagnostics for a terminal: the quoted line, what is wrong with it, notes and help."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from textwrap import wrap

from gandsl.diagnostics.diagnostic import Diagnostic, Label
from gandsl.diagnostics.excerpt import Mark, Window, marks, one_line, printable, split_lines, width

COLORS = {"error": "1;31", "warning": "1;33", "note": "1;36", "frame": "34", "secondary": "34", "strong": "1"}
"""What is coloured → its ANSI attributes."""

NARROWEST = 24  # a label gets at least this many columns before it moves to the line below


def render_text(
    diagnostics: Iterable[Diagnostic],
    sources: Mapping[str, str] | None = None,
    *,
    color: bool = False,
    columns: int = 80,
) -> str:
    """Each diagnostic with the lines it speaks of, a blank line between two; no line break at the end.

    `sources` maps the files that spans name to their texts; a file that is not in it is named, not quoted.
    Lines stay within `columns`, except that a single word (a path) is never broken.
    """
    return "\n\n".join(_Renderer(found, sources or {}, color, columns).render() for found in diagnostics)


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """`2 errors and 1 warning`, or an empty text where there is neither."""
    severities = [found.severity for found in diagnostics]
    counts = [(name, severities.count(name)) for name in ("error", "warning")]
    return " and ".join(f"{count} {name}{'s' * (count != 1)}" for name, count in counts if count)


class _Renderer:
    """Renders one diagnostic. All its frames share one gutter, as wide as the largest line number."""

    def __init__(self, found: Diagnostic, sources: Mapping[str, str], color: bool, columns: int) -> None:
        self.found = found
        self.color = color
        self.columns = columns
        self.labels = [] if found.span is None else [Label(found.span, found.label), *found.secondary]
        self.lines = {
            label.span.file: split_lines(sources[label.span.file])
            for label in self.labels
            if label.span.file in sources
        }
        self.gutter = max((len(str(label.span.end_line)) for label in self.labels), default=0)

    def render(self) -> str:
        found = self.found
        rows = list(self._head())
        for file in dict.fromkeys(label.span.file for label in self.labels):
            rows += self._frame([label for label in self.labels if label.span.file == file])
        for note in found.notes:
            rows += self._remark("note", note)
        if found.help:
            rows += self._remark("help", found.help)
        return "\n".join(rows)

    def paint(self, text: str, what: str) -> str:
        return f"\x1b[{COLORS[what]}m{text}\x1b[0m" if self.color and text else text

    def _head(self) -> Iterator[str]:
        title = f"{self.found.severity}[{self.found.code}]"
        first, *rest = self._wrap(self.found.message, len(title) + 2, 2)
        yield self.paint(title, self.found.severity) + ": " + self.paint(first, "strong")
        yield from ("  " + self.paint(row, "strong") for row in rest)

    def _remark(self, kind: str, text: str) -> Iterator[str]:
        lead = " " * self.gutter + self.paint("= ", "frame") + self.paint(kind, "strong") + ": "
        hang = self.gutter + len(kind) + 4
        first, *rest = self._wrap(text, hang, hang)
        yield lead + first
        yield from (" " * hang + row for row in rest)

    def _frame(self, labels: Sequence[Label]) -> Iterator[str]:
        """The header of one file, and its quoted lines in order with their marks."""
        edge = " " * self.gutter
        yield self.paint(f"{edge}┌─ ", "frame") + one_line(str(labels[0].span))
        lines = self.lines.get(labels[0].span.file, [])
        shown: list[Mark] = []
        for index, label in enumerate(labels):
            primary = label is self.labels[0]
            if label.span.line <= len(lines):
                shown += marks(label.span, label.text, lines, primary)
            elif label.text:  # nothing to quote: say where, and what
                place = "" if index == 0 else f"line {label.span.line}: "
                first, *rest = self._wrap(place + label.text, self.gutter + 2, self.gutter + 2)
                yield from (self.paint(f"{edge}│ ", "frame") + row for row in (first, *rest))
        previous: int | None = None
        for number in sorted({mark.line for mark in shown}):
            if previous is not None and number > previous + 1:
                yield self.paint(f"{edge}·", "frame")
            yield from self._line(lines[number - 1], number, [mark for mark in shown if mark.line == number])
            previous = number

    def _line(self, line: str, number: int, waiting: Sequence[Mark]) -> Iterator[str]:
        """One quoted line and its underlines; quoted again where marks lie too far apart for one window."""
        room = self.columns - self.gutter - 2
        while waiting:
            window = Window.around(line, waiting[0], room)
            yield (self.paint(f"{number:>{self.gutter}}│ ", "frame") + window.text).rstrip()
            for mark in waiting:
                if window.shows(mark):
                    yield from self._underline(mark, *window.underline(mark))
            waiting = [mark for mark in waiting if not window.shows(mark)]

    def _underline(self, mark: Mark, lead: int, length: int) -> Iterator[str]:
        color = self.found.severity if mark.primary else "secondary"
        edge = self.paint(" " * self.gutter + "│ ", "frame")
        line = edge + " " * lead + self.paint(("^" if mark.primary else "-") * length, color)
        beside = self.gutter + 2 + lead + length + 1
        if width(mark.text) <= self.columns - beside:  # also where there is no text
            yield (line + " " + self.paint(printable(mark.text), color)).rstrip()
            return
        yield line
        indent = max(min(lead, self.columns - self.gutter - 2 - NARROWEST), 0)
        for row in self._wrap(mark.text, self.gutter + 2 + indent, self.gutter + 2 + indent):
            yield edge + " " * indent + self.paint(row, color)

    def _wrap(self, text: str, first: int, rest: int) -> list[str]:
        """`text` in rows, at least one; `first` and `rest` columns are taken by what stands before a row."""
        rows = wrap(
            printable(text),
            max(self.columns, rest + NARROWEST),
            initial_indent=" " * first,
            subsequent_indent=" " * rest,
            break_long_words=False,
            break_on_hyphens=False,
        )
        return [row.lstrip(" ") for row in rows] or [""]

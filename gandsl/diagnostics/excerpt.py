"""Quotes source lines on a terminal: tabs, wide and control characters, and lines too long to show whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from unicodedata import category, combining, east_asian_width

from gandsl.diagnostics.span import Span
from gandsl.records import dataclass

TAB = "    "
_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # what a YAML reader counts as one


@dataclass(frozen=True, slots=True)
class Mark:
    """What to underline on one line: characters `start` to `stop` (from 0, exclusive), and what to say."""

    line: int
    start: int
    stop: int
    text: str
    primary: bool


@lru_cache(maxsize=8)
def split_lines(text: str) -> Sequence[str]:
    """The lines of a file, without their ends, counted as the YAML reader counts them."""
    return _LINE_BREAK.split(text)


def marks(span: Span, text: str, lines: Sequence[str], primary: bool) -> list[Mark]:
    """The marks of one labelled span: one, or two (first and last line) where it runs over several lines."""
    first = lines[span.line - 1]
    start = min(span.column - 1, len(first))
    line, stop = span.end_line, span.end_column - 1
    # a YAML block ends where the next thing begins: step back to its own last character
    while line > span.line and (line > len(lines) or not lines[line - 1][:stop].strip()):
        line -= 1
        stop = len(lines[line - 1].rstrip()) if line <= len(lines) else 0
    if line == span.line:
        return [Mark(line, start, max(stop, start + 1), text, primary)]
    last = lines[line - 1]
    return [
        Mark(span.line, start, max(len(first.rstrip()), start + 1), "", primary),
        Mark(line, len(last) - len(last.lstrip()), stop, text, primary),
    ]


def cells(char: str) -> str:
    """What a terminal can show for a character: spaces for a tab, `�` for a control character."""
    if char == "\t":
        return TAB
    # shown as it is, a control character would act: no spec may move the reader's cursor
    return "�" if category(char) in ("Cc", "Cf", "Cs") else char


def width(text: str) -> int:
    """Terminal columns of a printable text: 2 for wide East Asian characters, 0 for combining ones."""
    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def printable(text: str) -> str:
    """`text` with tabs expanded and control characters replaced; line breaks stay."""
    return "".join(char if char == "\n" else cells(char) for char in text)


def one_line(text: str) -> str:
    """`printable` for what has to stay on its line, such as the name of a file."""
    return "".join(map(cells, text))


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a line that is shown, characters `start` to `stop`; `…` stands for what is cut off."""

    line: str
    start: int
    stop: int

    @classmethod
    def around(cls, line: str, mark: Mark, room: int) -> Window:
        """The whole line if it fits into `room` columns, else a part that shows where `mark` begins."""
        if len(line) <= room and width(printable(line)) <= room:
            return cls(line, 0, len(line))
        room -= 2  # for the two `…`
        start = 0
        # a third of the room for what stands before the mark, more where little stands behind its start
        tail = width(printable(line[mark.start : mark.start + room]))
        wanted = min(max(mark.stop - mark.start, room * 2 // 3), max(tail, 1))
        # a line may be very long: nothing here measures more of it than what can be shown
        if mark.start > room or width(printable(line[: mark.start])) + wanted > room:
            start = mark.start
            while start and width(printable(line[start - 1 : mark.start])) <= room - wanted:
                start -= 1
        stop = start
        while stop < len(line) and width(printable(line[start : stop + 1])) <= room:
            stop += 1
        return cls(line, start, stop)

    def shows(self, mark: Mark) -> bool:
        """Whether `mark` begins inside. A mark behind the end of the line does if the end is shown."""
        behind_end = mark.start >= len(self.line) and self.stop == len(self.line)
        return self.start <= mark.start < self.stop or behind_end

    @property
    def text(self) -> str:
        before = "…" if self.start else ""
        after = "…" if self.stop < len(self.line) else ""
        return (before + printable(self.line[self.start : self.stop]) + after).rstrip()

    def underline(self, mark: Mark) -> tuple[int, int]:
        """How many columns to leave free under `text`, and how many to underline, for `mark`."""
        lead = bool(self.start) + width(printable(self.line[self.start : mark.start]))
        return lead, max(1, width(printable(self.line[mark.start : min(mark.stop, self.stop)])))

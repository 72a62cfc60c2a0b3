"""Where something stands in a file: the place that every diagnostic and every IR node points at."""

from __future__ import annotations

from typing import NamedTuple


class Span(NamedTuple):
    """A stretch of text. Lines and columns count from 1, columns in code points; the end is exclusive.

    ``file`` is the path as the user wrote it, or the name of a pseudo file such as ``--set``. A tuple, since
    there are two for each value of a file.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    @classmethod
    def point(cls, file: str, line: int = 1, column: int = 1) -> Span:
        """One character: for what has a place and no length (an end of file, a missing field)."""
        return cls(file, line, column, line, column + 1)

    def to(self, other: Span) -> Span:
        """From the start of this span to the end of `other`, which lies behind it in the same file."""
        return Span(self.file, self.line, self.column, other.end_line, other.end_column)

    def part(self, start: int, stop: int) -> Span:
        """Characters `start` to `stop` (exclusive) of its first line: a token inside a plain scalar."""
        return Span(self.file, self.line, self.column + start, self.line, self.column + max(stop, start + 1))

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

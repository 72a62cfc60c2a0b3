"""Slips in how it is written: brackets, quotes, tabs, anchors, operators: each function yields all that it could make."""
# ruff: noqa: E501 - tables and specs stand as they are

from __future__ import annotations

from collections.abc import Iterator

from gandsl.diagnostics import Span
from tests.specs.spoiled.good import (
    FILE,
    Good,
    Kind,
    Slip,
    point_of,
    slip_of,
)


def unclosed(good: Good) -> Iterator[Slip]:
    for span in good.at(r"^.*[^\s}](\})$", 1):
        line = good.text.split("\n")[span.line - 1]
        depth, opener = 0, 0
        for at in range(len(line) - 1, -1, -1):
            depth += (line[at] == "}") - (line[at] == "{")
            if depth == 0:
                opener = at
                break
        yield slip_of(span, "", "G0003", Span.point(FILE, span.line, opener + 1), point_of(span))


def quote_lost(good: Good) -> Iterator[Slip]:
    for span in good.at(r'"[^"]*(")', 1):
        line = good.text.split("\n")[span.line - 1]
        start = line.rindex('"', 0, span.column - 1)
        yield slip_of(span, "", "G0003", Span.point(FILE, span.line, start + 1), point_of(span))


def tab(good: Good) -> Iterator[Slip]:
    for span in good.at(r"^  (?=\w)"):
        yield slip_of(span, "\t", "G0003")


def indented(good: Good) -> Iterator[Slip]:
    for span in good.at(r"^    (?=\w+: \{)"):
        if span.line > 3 and good.text.split("\n")[span.line - 2].startswith("    "):
            line = good.text.split("\n")[span.line - 1]
            yield slip_of(span, "   ", "G0003 G0008 G0313", Span(FILE, span.line, 1, span.line, len(line)),
                        *(Span.point(FILE, span.line, column) for column in range(3, 14)))  # fmt: skip


def twice(good: Good) -> Iterator[Slip]:
    lines = good.text.split("\n")
    for span in good.at(r"^ +(\w+): \{[^{]*\}$", 1):
        line = lines[span.line - 1]
        end = Span(FILE, span.line, len(line) + 1, span.line, len(line) + 1)
        second = Span(FILE, span.line + 1, span.column, span.line + 1, span.end_column)
        yield slip_of(end, "\n" + line, "G0004", second)


def anchor(good: Good) -> Iterator[Slip]:
    for span in good.at(r"(?<=: )(?=\{op:)"):
        yield slip_of(span, "&mine ", "G0005", Span(FILE, span.line, span.column, span.line, span.column + 5))


def alias(good: Good) -> Iterator[Slip]:
    for span in good.at(r"(?<=channels: )\w+(?=[,}])"):
        yield slip_of(span, "*mine", "G0005 G0003")


def tag(good: Good) -> Iterator[Slip]:
    for span in good.at(r"(?<=default: )(?=\d)"):
        yield slip_of(span, "!!str ", "G0005", Span(FILE, span.line, span.column, span.line, span.column + 5))


def control(good: Good) -> Iterator[Slip]:
    for span in good.at(r"(?<=doc: )(?=\w)"):
        yield slip_of(span, "\x07", "G0002")


def unbalanced(good: Good) -> Iterator[Slip]:
    for scalar in good.expressions():
        if (
            isinstance(scalar.value, str)
            and scalar.plain
            and "(" not in scalar.text
            and "[" not in scalar.text
        ):
            end = Span(
                FILE,
                scalar.span.end_line,
                scalar.span.end_column,
                scalar.span.end_line,
                scalar.span.end_column,
            )
            yield slip_of(end, " +", "G0101", Span.point(FILE, end.line, end.column + 1))


def odd_operator(good: Good) -> Iterator[Slip]:
    for span in good.at(r" // "):
        if "doc:" not in good.text.split("\n")[span.line - 1][: span.column]:
            operator = Span(FILE, span.line, span.column + 1, span.line, span.column + 3)
            yield slip_of(operator, "/*", "G0101", Span.point(FILE, span.line, span.column + 2))


KINDS: tuple[Kind, ...] = (
    unclosed,
    quote_lost,
    tab,
    indented,
    twice,
    anchor,
    alias,
    tag,
    control,
    unbalanced,
    odd_operator,
)

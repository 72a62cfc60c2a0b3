"""Slips in expressions, conditions and units: each function yields all that it could make."""

from __future__ import annotations

from collections.abc import Iterator

from gandsl.diagnostics import Span
from gandsl.spec.expressions import UNITS
from tests.specs.spoiled.good import (
    FILE,
    Good,
    Kind,
    Slip,
    slip_of,
)


def by_zero(good: Good) -> Iterator[Slip]:
    for span in good.at(r"(?<=// )\d+"):
        yield slip_of(span, "0", "G0106")


def out_of_list(good: Good) -> Iterator[Slip]:
    for span in good.at(r"(?<=\w\[)\d+(?=\])"):
        yield slip_of(span, "99", "G0107 G0216")


def too_large(good: Good) -> Iterator[Slip]:
    for scalar in good.expressions():
        if scalar.plain and type(scalar.value) is int:
            yield slip_of(scalar.span, "9 ** 9 ** 9", "G0108 G0109")


def one_argument_more(good: Good) -> Iterator[Slip]:
    for span in good.at(r'"[^"]*(?:len|sqrt|first|reverse|last)\([\w.]+(\))', 1):
        if good.text.split("\n")[span.line - 1].lstrip().startswith("enter:"):
            continue  # StyleGAN2's other forms fill this slot: what a spec does not use is not evaluated
        yield slip_of(
            span, ", 3)", "G0104", *(Span.point(FILE, span.line, column) for column in range(1, span.column))
        )


def no_condition(good: Good) -> Iterator[Slip]:
    for span in good.at(r"(?:when|unless): ([^,}\"]+)(?=[,}])", 1):
        yield slip_of(span, "3", "G0105")


def unknown_attribute(good: Good) -> Iterator[Slip]:
    for span in good.at(r"\.(channels|height|width|size|image|images|features|x|h|w)\b(?!\()", 1):
        line = good.text.split("\n")[span.line - 1]
        if "doc:" not in line[: span.column] and " if " not in line:  # a branch not taken is not evaluated
            yield slip_of(span, "depths", "G0110 G0217")


def unit(good: Good) -> Iterator[Slip]:
    for span in good.at(r"(?<=\d )(?:kimg|Mimg|steps)\b"):
        wrong = good.misspelt(good.slice(span))
        yield slip_of(span, "kims" if wrong in UNITS else wrong, "G0101 G0603 G0602")


def no_unit(good: Good) -> Iterator[Slip]:
    for span in good.at(r"(?<=\d) (?:kimg|Mimg|steps)\b"):
        number = Span.point(FILE, span.line, span.column - 1)
        yield slip_of(span, "", "G0603 G0602", number)


KINDS: tuple[Kind, ...] = (
    by_zero,
    out_of_list,
    too_large,
    one_argument_more,
    no_condition,
    unknown_attribute,
    unit,
    no_unit,
)

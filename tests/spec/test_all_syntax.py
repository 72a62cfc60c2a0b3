"""Several slips of syntax in one file are all told, each at its place, and nothing besides."""

from __future__ import annotations

from itertools import combinations

import pytest

from gandsl.diagnostics import Diagnostics
from gandsl.spec.reader import read_text
from tests.analysis.small import PLAIN

# what stands in the text → what is put there; the slip's own line is the first that differs
SLIPS = {
    "a quote left open": ("name: small", 'name: "small'),
    "a character that starts nothing": ("  channels: 3", "  channels: @3"),
    "a bracket left open": ("start: {op: reshape, channels: 8, size: 4}", "start: {op: reshape, channels: 8"),
    "a colon too many": ("loss: logistic", "loss: logistic: 3"),
    "an escape that is none": ("conv: {op: conv, ", 'conv: {op: "c\\q", '),
    "something behind a quote": ("length: 10 kimg", 'length: "10" kimg'),
}


def places(names: tuple[str, ...]) -> tuple[list[int], list[int]]:
    """The lines that are spoilt, and those that are told."""
    text = PLAIN
    for name in names:
        before, after = SLIPS[name]
        assert text.count(before) >= 1
        text = text.replace(before, after, 1)
    pairs = zip(PLAIN.split("\n"), text.split("\n"), strict=True)
    spoilt = [number for number, (old, new) in enumerate(pairs, 1) if old != new]
    diagnostics = Diagnostics()
    assert read_text(text, "s.yaml", diagnostics) is None
    assert {one.code for one in diagnostics.errors} == {"G0003"}
    return spoilt, [one.span.line for one in diagnostics.errors if one.span]


@pytest.mark.parametrize(
    "names", [c for n in (1, 2, len(SLIPS)) for c in combinations(SLIPS, n)], ids="+".join
)
def test_each_is_told_once(names: tuple[str, ...]) -> None:
    spoilt, told = places(names)
    assert told == spoilt


def test_brackets_over_several_lines() -> None:
    diagnostics = Diagnostics()
    read_text("a: [1,\n  2,\n  {b: 3\nc: @\n", "s.yaml", diagnostics)
    assert [one.span.line for one in diagnostics.errors if one.span] == [1, 3, 4]


def test_a_large_file_of_slips_ends_soon() -> None:
    diagnostics = Diagnostics()
    read_text("".join(f"k{number}: @\n" for number in range(50_000)), "s.yaml", diagnostics)
    assert 1 < len(diagnostics.errors) < 30

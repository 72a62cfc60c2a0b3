"""Messages show their cause beside the place: the condition that leaves a node out, the node it read."""

from __future__ import annotations

from pathlib import Path

import pytest

from gandsl.analysis import analyze
from tests.analysis.small import PLAIN, edited

UP = "    up: {op: upsample}"
CASES = {
    "a condition": ("    s: {op: relu, when: 1 > 2}\n    up: {op: upsample, x: s}", ["1 > 2"]),
    "unless": ("    s: {op: relu, unless: 2 > 1}\n    up: {op: upsample, x: s}", ["2 > 1"]),
    "by way of another": (
        "    s: {op: relu, when: false}\n    t: {value: s}\n    up: {op: upsample, x: t}",
        ["false"],
    ),
    "each of a list": (
        "    s: {op: relu, when: 1 > 2}\n    t: {op: relu, when: 3 > 4, x: start}\n"
        "    up: {op: add, terms: [s, t]}",
        ["1 > 2", "3 > 4"],
    ),
    "in an expression": (
        "    s: {op: relu, when: 1 > 2}\n    up: {op: upsample, factor: s.channels}",
        ["1 > 2"],
    ),
    "carried": (
        "    f:\n      fold: {i: range(2)}\n      carry: {x: start, y: absent}\n"
        "      body: {a: {op: relu, x: y}}\n    up: {op: upsample}",
        ["y"],
    ),
    "the node above": ("    n: {op: flatten}\n    up: {op: upsample}", ["n"]),
}


@pytest.mark.parametrize("name", CASES)
def test_the_cause_is_marked(name: str, tmp_path: Path) -> None:
    nodes, causes = CASES[name]
    path = tmp_path / "spec.yaml"
    path.write_text(edited(PLAIN, (UP, nodes)))
    _, diagnostics = analyze(path)
    (one,) = diagnostics.errors
    lines = path.read_text().split("\n")
    marked = [lines[p.span.line - 1][p.span.column - 1 : p.span.end_column - 1] for p in one.secondary]
    assert marked == causes

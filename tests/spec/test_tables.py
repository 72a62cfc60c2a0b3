"""Tables of `let`: values by number, size or text, and what is said of those that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from gandsl.analysis import analyze
from tests.analysis.small import PLAIN, case, found


def spec(table: str, asked: str) -> str:
    """PLAIN with a `let`, and a convolution of so many channels."""
    text = PLAIN.replace("generator:\n", f"let: {{widths: {table}, other: 8}}\ngenerator:\n", 1)
    return text.replace(
        "    up: {op: upsample}", f"    a: {{op: conv, channels: {asked}}}\n    up: {{op: upsample}}", 1
    )


@pytest.mark.parametrize(
    ("table", "asked", "channels"),
    [
        ("{4: 16, 8: 2}", "'widths[4]'", 16),
        ("{4: 16, 8: 2}", "'widths[2 * 4.0]'", 2),
        ("{4.0: 16}", "'widths[4]'", 16),
        ("{0.5: 3}", "'widths[1 / 2]'", 3),
        ("{2: other // 2, 4: 5}", "'widths[doubling(2, 4)[0]]'", 4),  # a size
        ("{relu: 7, none: 5}", "'widths[\"relu\"]'", 7),
        ("{a: [3, 4]}", "'widths[\"a\"][1]'", 4),
    ],
)
def test_a_value_of_a_table(tmp_path: Path, table: str, asked: str, channels: int) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(spec(table, asked), "utf-8")
    module, diagnostics = analyze(path)
    assert module is not None, list(diagnostics)
    (program,) = module.networks["generator"].programs.values()
    assert program["a"].type.shape[0] == channels


CASES = [
    case(
        "no such entry", spec("{4: 16, 8: 2}", "'widths[5]'"), [], ["G0107 ‹5› the table has no entry for 5"]
    ),
    case(
        "twice", spec("{4: 16, 4.0: 2}", "'widths[4]'"), [], ["G0404 ‹4.0› `4.0` stands twice in this table"]
    ),
    case("empty", spec("{}", "4"), [], ["G0013 ‹{}› the table `widths` has no entries"]),
    case("deeper", spec("{4: {a: 3}}", "4"), [], ["G0010 ‹{a: 3}› a value is wanted here, not a mapping"]),
    case(
        "itself",
        spec("{4: 16}", "widths"),
        [],
        ["G0207 ‹widths› `channels` of `conv` wants a whole number, not a table"],
    ),
    case(
        "by a table",
        spec("{4: 16}", "'widths[widths]'"),
        [],
        ["G0105 ‹widths› a table wants a number, not a table"],
    ),
    case(
        "in circles",
        spec("{4: widths}", "'widths[4]'"),
        [],
        ["G0111 ‹widths› `widths` needs itself to be computed: widths → widths"],
    ),
]


@pytest.mark.parametrize(("text", "said"), CASES)
def test_what_is_said(text: str, said: list[str], tmp_path: Path) -> None:
    lines = [line.split(" ", 2) for line in found(tmp_path, text) if not line.startswith("W")]
    assert [f"{code} {words}" for code, _, words in lines] == said

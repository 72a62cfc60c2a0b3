"""The code table: numbers, severities and explanations that are worth reading."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gandsl.diagnostics.codes import CODES, RANGES

NOTES = {"G0000", "W0771", "W0772", "W0774"}  # what is no fault


@pytest.mark.parametrize("prefix", RANGES)
def test_each_number_stands_once_in_order_and_in_its_range(prefix: str) -> None:
    codes = [row.code for row in RANGES[prefix].ROWS]
    assert codes == sorted(set(codes))
    # W070, W072 and W073 share a hundred
    assert all(re.fullmatch(r"[GW]\d{4}", code) and code.startswith(prefix[:3]) for code in codes)


def test_ranges_do_not_overlap() -> None:
    assert len(CODES) == sum(len(module.ROWS) for module in RANGES.values())
    assert list(CODES) == sorted(CODES)


@pytest.mark.parametrize("code", CODES)
def test_explanation(code: str) -> None:
    row = CODES[code]
    assert row.severity == ("note" if code in NOTES else "warning" if code[0] == "W" else "error")
    assert not row.title.endswith(".")
    text = row.explanation
    assert "Example:" in text and "How to mend it:" in text
    assert all(len(line) <= 96 for line in text.splitlines())
    if code.startswith("W072"):
        assert re.search(r"\d{4}\.\d{4,5}|doi:", row.source or ""), "a lint needs a source"


def test_every_code_is_used_or_explained_nowhere_else_than_here(root: Path) -> None:
    """A code that the compiler gives must be in the table: `add` would raise only when the user meets it."""
    used = {
        code
        for path in (root / "gandsl").rglob("*.py")
        if "diagnostics" not in path.parts
        for code in re.findall(r"\b(?:G0\d{3}|W07\d{2})\b", path.read_text(encoding="utf-8"))
    }
    assert len(used) > 100, "the search finds them"
    assert used <= set(CODES), f"not in the table: {sorted(used - set(CODES))}"

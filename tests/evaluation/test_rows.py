"""What docs/evaluation.md tells of the metrics is what their rows say."""

from __future__ import annotations

from pathlib import Path

import pytest

from gandsl_runtime.evaluation.rows import METRICS, USUAL

PAGE = (Path(__file__).parents[2] / "docs/evaluation.md").read_text()


@pytest.mark.parametrize("name", METRICS)
def test_the_page_has_each_row(name):
    row = METRICS[name]
    assert f"| `{name}` | {row.better or '–'} | {row.sees} | {row.misses} | {row.source} |" in PAGE


def test_the_page_names_the_usual_ones():
    assert "`kid`, `precision`, `recall`, `density` and `coverage` are measured unless" in PAGE
    assert USUAL == ("kid", "precision", "recall", "density", "coverage")

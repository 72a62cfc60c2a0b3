"""Sizes that an odd resolution cuts short are told: where the network starts, and why a fold is empty."""

from __future__ import annotations

import pytest

from gandsl.analysis import analyze
from gandsl.spec.builtins import BUILTINS, cut_short
from gandsl.spec.values import Size
from tests.codegen.small import ROOT


def test_where_a_network_starts() -> None:
    module, diagnostics = analyze(ROOT / "specs" / "stylegan2.yaml", {"resolution": 100})
    assert module is not None
    (one,) = diagnostics.warnings
    assert (one.code, one.message) == ("W0740", "the sizes start at 25×25, not at 4: 25 can't be halved")


def test_why_a_fold_is_empty() -> None:
    module, diagnostics = analyze(ROOT / "specs" / "quickstart.yaml", {"resolution": 29})
    assert module is None
    assert [one.message for one in diagnostics.warnings] == [
        "the sizes start at 29×29, not at 7: 29 can't be halved"
    ]
    assert [(one.code, one.notes) for one in diagnostics.errors] == [("G0307", ("`sizes` is [29]",))] * 2


@pytest.mark.parametrize("start", [1, 3, 4, 7])
def test_it_is_told_where_one_more_halving_was_wanted(start: int) -> None:
    for end in range(start, 130):
        sizes = BUILTINS["doubling"].function(start, end)
        left = end
        while left % 2 == 0 and left // 2 >= start:
            left //= 2
        assert sizes[0] == Size(left, left)
        assert bool(cut_short(sizes, (start, end))) == (left >= 2 * start)
        assert bool(cut_short(sizes[::-1], (end, start))) == (left >= 2 * start)

"""Did you mean."""

from __future__ import annotations

import pytest

from gandsl.diagnostics.suggest import did_you_mean, nearest

KNOWN = ["conv", "conv_transpose", "upsample", "leaky_relu"]


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("cnov", "conv"),
        ("Conv", "conv"),
        ("leakyrelu", "leaky_relu"),
        ("LeakyReLU", "leaky_relu"),
        ("conv-transpose", "conv_transpose"),
        ("upsampel", "upsample"),
        ("q", None),
    ],
)
def test_nearest(word: str, near: str | None) -> None:
    assert nearest(word, KNOWN) == near


def test_help_text() -> None:
    assert did_you_mean("cnov", KNOWN) == "did you mean `conv`?"
    assert did_you_mean("q", ["b", "a", "b"]) == "known here: `b`, `a`"
    assert did_you_mean("q", ["a"], "the ports are") == "the ports are `a`"
    assert did_you_mean("q", []) is None
    listed = did_you_mean("q", [f"name{i}" for i in range(14)])
    assert listed is not None and listed.endswith("`name11` and 2 more")


def test_a_huge_word_costs_nothing() -> None:
    assert nearest("conv" + "x" * 1_000_000, KNOWN) is None

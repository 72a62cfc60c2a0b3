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
    assert did_you_mean("q", ["b", "a", "b"]) == "known here: `a`, `b`"
    assert did_you_mean("q", [f"name{i}" for i in range(13)]) is None
    assert did_you_mean("q", []) is None

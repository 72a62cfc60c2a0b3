"""The article of a word by its sound."""

from __future__ import annotations

import pytest

from gandsl.diagnostics.articles import a
from gandsl.ir.types import KINDS


@pytest.mark.parametrize(
    "words",
    ["an Image[3, 8]", "a Latent[4]", "a one_hot", "an upsample", "a uniform", "an 8×8", "a 4×4", "an `add`"],
)
def test_a_or_an(words: str) -> None:
    assert a(words.partition(" ")[2]) == words


def test_kinds() -> None:
    assert {kind for kind in KINDS if a(kind).startswith("an ")} == {"Image", "Outputs"}

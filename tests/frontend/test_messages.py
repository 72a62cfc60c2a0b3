"""Every complaint of the frontend: code, place and words, each from a small spec (messages/, by subject)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.small import found
from tests.frontend.messages import calls, order, tensors, words


@pytest.mark.parametrize(("text", "said"), [*words.CASES, *calls.CASES, *tensors.CASES, *order.CASES])
def test_frontend_says(text: str, said: list[str], tmp_path: Path) -> None:
    assert found(tmp_path, text) == said

"""Every complaint about the training plan: code, place and words (messages/, by subject)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.small import found
from tests.frontend.messages import plan_fields, plan_values


@pytest.mark.parametrize(("text", "said"), [*plan_fields.CASES, *plan_values.CASES])
def test_plan_says(text: str, said: list[str], tmp_path: Path) -> None:
    assert found(tmp_path, text) == said

"""Bounds of what a run's files say: a bound that stands in the code holds."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from gandsl_runtime.runs.header import MOST, DataFacts


@pytest.mark.parametrize("images", [1, MOST])
def test_a_count_of_images(images):
    assert DataFacts(where="faces", images=images).images == images


@pytest.mark.parametrize("images", [0, -1, MOST + 1, 1.0, True])
def test_what_is_no_count_of_images(images):
    with pytest.raises(ValidationError):
        DataFacts(where="faces", images=images)

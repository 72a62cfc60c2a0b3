"""What bench.zoo measures with, against what is known beforehand."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from bench.zoo.measures import DIGITS, agreed
from bench.zoo.sets import edges
from bench.zoo.table import table


def test_codes_are_called_by_classes_the_best_way() -> None:
    chance = np.random.default_rng(0)
    codes, classes = chance.integers(0, 4, (2, 50))
    best = max(np.mean(np.array(names)[codes] == classes) for names in permutations(range(4)))
    assert agreed(codes, classes) == pytest.approx(best)
    assert agreed(np.arange(DIGITS), np.roll(np.arange(DIGITS), 3)) == 1


def test_edges_are_where_brightness_leaps() -> None:
    image = np.zeros((6, 8, 3), dtype=np.uint8)
    image[:, 4:] = 200
    image[2, 0] = 20
    assert np.array_equal(edges(image), np.where(np.isin(np.arange(8), (3, 4)), 255, 0) * np.ones((6, 1)))


def test_intervals_and_whether_they_are_apart(tmp_path: Path) -> None:
    """Student's 4.303 of three seeds: 1, 2, 3 lie in 2 ± 4.303 / √3."""
    (tmp_path / "one").mkdir()
    for seed, value in enumerate((1.0, 2.0, 3.0)):
        figures = [
            {"name": "near", "value": value, "rules": {"rule": 5.0}, "less": True},
            {"name": "far", "value": value, "rules": {"rule": 4.4}, "less": True},
            {"name": "more", "value": value, "rules": {"rule": 5.0}, "less": False},
        ]
        row = {"entry": "one", "seed": seed, "seconds": 60.0, "figures": figures}
        (tmp_path / f"one/seed{seed}.json").write_text(json.dumps(row))
    near, far, more = table(tmp_path).splitlines()[2:]
    assert near == "| `one`, seeds: 3 | near | 2.000 ± 2.484 | rule: 5.000 | yes | 1.0 |"
    assert [row.split("|")[5].strip() for row in (far, more)] == ["no", "worse"]

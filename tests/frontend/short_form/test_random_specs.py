"""Random specs, of every op in every role: what their short forms stand for holds together, and unfolds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from gandsl.analysis import analyze
from gandsl.spec.tree import to_plain
from tests.frontend.short_form.shown import expanded, read_back, texts
from tests.frontend.short_form.test_every_spec import holds_together
from tests.random_specs.grow import spec_text
from tests.random_specs.recipe import Recipe


@pytest.mark.parametrize(
    "seeds",
    [(0, 1, 2, 14), pytest.param(range(300), marks=pytest.mark.thorough)],  # 14: path length of two images
    ids=["few", "many"],
)
def test_the_games_of_random_specs(tmp_path: Path, seeds: Sequence[int]) -> None:
    fine = 0
    for seed in seeds:
        path = tmp_path / f"seed{seed}.yaml"
        path.write_text(spec_text(Recipe(seed)), "utf-8")
        module, _ = analyze(path)
        if module is None:
            continue  # a spec with an error, which says so
        tree = expanded(module)
        assert texts(read_back(tree)) == texts(tree), seed
        holds_together(to_plain(tree))
        assert module.game is not None, seed
        fine += 1
    assert fine > len(seeds) / 2

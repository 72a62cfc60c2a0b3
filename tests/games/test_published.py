"""The games that loops by hand hold to their numbers: costed, compared, printed, three steps of each."""

from __future__ import annotations

import pytest

from gandsl.analysis import analyze
from gandsl.analysis.cost import module_cost
from gandsl.codegen.package import render as render_package
from gandsl.diff import compare
from gandsl.diff.text import render
from tests.games.loop import GAMES
from tests.zoo.play import play

LATER = ("stylegan2_ada", "pggan", "biggan", "r3gan", "began", "unet_gan")
NAMES = ["recon", *(pytest.param(name, marks=pytest.mark.thorough) for name in LATER)]


@pytest.mark.parametrize("name", NAMES)
def test_a_published_game(name: str) -> None:
    path = GAMES / f"{name}.yaml"
    module, other = analyze(path)[0], analyze(path, {"training.batch": 64})[0]
    assert module is not None and other is not None
    assert "game.py" in render_package(module)
    assert module_cost(module).flops_per_step > 0
    assert "~ batch" in render(compare(module, other))
    play(path, {})

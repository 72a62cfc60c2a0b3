"""Each spec of specs/zoo: checked and costed at its whole size; compared, compiled, three steps in small."""

from __future__ import annotations

from pathlib import Path

import pytest

from gandsl.analysis.cost import module_cost
from gandsl.codegen.package import render as render_package
from gandsl.diff import compare
from gandsl.diff.text import render
from tests.specs.whole import module
from tests.zoo.play import play, weights
from tests.zoo.reduced import NAMES, REDUCED, checked, path_of


@pytest.fixture
def at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which files of weights are found."""
    monkeypatch.setenv("GANDSL_PATH", str(tmp_path))
    return tmp_path


def test_each_is_reduced() -> None:
    assert sorted(REDUCED) == NAMES


# those of the largest graphs; their loops and networks are held elsewhere in every run
LARGE = ("adversarial_flow", "dac", "dmd2", "gat", "gigagan", "hifi_gan", "projected_gan", "real_esrgan")
CASES = [pytest.param(name, marks=[pytest.mark.thorough] * (name in LARGE)) for name in NAMES]


@pytest.mark.parametrize("name", CASES)
def test_a_spec_of_the_zoo(name: str, at_hand: Path) -> None:
    """At its whole size it says where it is from, and has a plan; in small it takes three steps."""
    whole = module(f"zoo/{name}")
    assert whole.plan is not None and whole.document.source
    assert module_cost(whole).flops_per_step > 0

    small = checked(name)
    changes = {**REDUCED[name], **weights(small, at_hand)}
    assert "game.py" in render_package(small)
    assert "~ batch" in render(compare(small, checked(name, {"training.batch": 64})))

    play(path_of(name), changes)

"""Each spec of specs/zoo/small: a patch of few lines on the whole one, checked, three steps of few images."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bench.zoo.entries import ENTRIES
from tests.specs.reduced import SPECS
from tests.specs.whole import module
from tests.zoo.play import play, weights

MOST_CHANGES = 20
SMALL = sorted(path.stem for path in (SPECS / "zoo/small").glob("*.yaml"))


def test_each_is_trained_by_the_bench() -> None:
    assert sorted({entry.spec or name for name, entry in ENTRIES.items()}) == SMALL


@pytest.mark.parametrize("name", SMALL)
def test_a_small_one(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANDSL_PATH", str(tmp_path))
    path = SPECS / f"zoo/small/{name}.yaml"
    written = yaml.safe_load(path.read_text())
    assert len(written["set"]) + len(written.get("patch", [])) <= MOST_CHANGES
    whole = module(f"zoo/small/{name}")
    assert whole.plan is not None
    begin = {"begin": "2 steps"} if "begin" in whole.document.params else {}
    play(path, {"training.batch": 4, **begin, **weights(whole, tmp_path)})

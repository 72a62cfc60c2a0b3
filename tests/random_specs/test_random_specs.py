"""Random specs of all ops: what `check` accepts holds every promise."""

from __future__ import annotations

from pathlib import Path

from tests.random_specs import hold, run
from tests.random_specs.grow import spec_text
from tests.random_specs.seeds import FIXED


def test_fixed_seeds_hold(tmp_path: Path) -> None:
    assert not [result.told() for result in run.many(FIXED, tmp_path) if not result.fine]


def test_most_are_accepted(tmp_path: Path) -> None:
    """Else the promises would be held by few."""
    accepted = 0
    for seed in range(50):
        (tmp_path / "random.yaml").write_text(spec_text(seed), "utf-8")
        accepted += not isinstance(hold.checked(tmp_path / "random.yaml"), tuple)
    assert accepted >= 30


def test_a_seed_is_a_spec() -> None:
    assert spec_text(7) == spec_text(7) != spec_text(8)

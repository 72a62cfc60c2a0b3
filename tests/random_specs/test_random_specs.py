"""Random specs of all ops: what `check` accepts holds every promise, and the fixed ones show every role."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gandsl.ir.ops import OPS
from tests.random_specs import cover, roles, run
from tests.random_specs.grow import spec_text
from tests.random_specs.seeds import FIXED

THOROUGH = range(2000)
LEAST_ACCEPTED = 0.6  # of all specs
MOST_DIVERGED = 0.07  # of those accepted; 13 of 300 did: products, large rates, float16 derivatives


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> list[run.Result]:
    """What came of the fixed seeds."""
    return list(run.many(FIXED, tmp_path_factory.mktemp("random")))


def test_fixed_seeds_hold(fixed: list[run.Result]) -> None:
    assert len(fixed) == len(FIXED) >= 60
    assert not [result.told() for result in fixed if result.outcome != "held"]


def test_every_op_is_shown_in_every_role(fixed: list[run.Result]) -> None:
    """Where an op or a role is new: `python -m tests.random_specs cover` finds seeds that show it."""
    found = {role for result in fixed if result.outcome == "held" for role in result.roles}
    assert not sorted(roles.possible() - found)
    assert {op for op, _ in found} == set(OPS) - {"input"}


def test_most_are_accepted(tmp_path: Path) -> None:
    """Else the promises would be held by few."""
    found = cover.shown(range(50), tmp_path)
    assert sum(map(bool, found.values())) >= 50 * LEAST_ACCEPTED


def test_a_seed_is_a_spec() -> None:
    assert spec_text(7) == spec_text(7) != spec_text(8)


@pytest.mark.thorough
def test_many_seeds_hold(tmp_path: Path) -> None:
    results = list(run.many(THOROUGH, tmp_path, os.cpu_count() or 1, whole=True))
    assert not [result.told() for result in results if not result.fine]
    accepted = [result for result in results if result.outcome != "refused"]
    assert len(accepted) >= LEAST_ACCEPTED * len(results)
    assert sum(result.outcome == "diverged" for result in accepted) <= MOST_DIVERGED * len(accepted)

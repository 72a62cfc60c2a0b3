"""The executor beside the old trainer, from equal weights: every tensor equal to the bit after each step."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gandsl_runtime.distributed.group import ProcessGroup
from tests.runtime.beside_trainer import CASES, PARTS, REORDERED, differences
from tests.specs.reduced import ALL

ROOT = Path(__file__).resolve().parents[2]
QUICK = ("anchored_lazily", "consistent", "grown", "often", "replaced", "steps")
IN_PROCESSES = (
    "anchored_lazily",
    "consistent",
    "steps",
    "transformed",
    "grown_styles",
    "relativistic_average",
    "orthogonal",
)


@pytest.mark.parametrize("case", QUICK)
def test_a_few_are_equal(case: str) -> None:
    assert not differences(*CASES[case], ProcessGroup())


@pytest.mark.thorough
@pytest.mark.parametrize("case", [case for case in CASES if case not in QUICK])
def test_what_no_spec_asks_for_is_equal(case: str) -> None:
    assert not differences(*CASES[case], ProcessGroup())


@pytest.mark.thorough
@pytest.mark.parametrize("case", REORDERED)
def test_what_is_added_in_another_order_is_equal_but_for_rounding(case: str) -> None:
    assert not differences(*REORDERED[case], ProcessGroup(), exact=False)


@pytest.mark.thorough
@pytest.mark.parametrize("changes", [{}, PARTS], ids=["whole", "in_parts"])
@pytest.mark.parametrize("spec", ALL)
def test_every_spec_is_equal(spec: str, changes: dict[str, int]) -> None:
    assert not differences(spec, changes, ProcessGroup())


@pytest.mark.thorough
@pytest.mark.processes
def test_two_processes_are_equal(tmp_path: Path) -> None:
    """Of the same split, the old and the new to the bit."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    path = os.pathsep.join([str(ROOT), str(ROOT / "runtime"), os.environ.get("PYTHONPATH", "")])
    subprocess.run(
        [*torchrun, "-m", "tests.runtime.beside_trainer", str(tmp_path), *IN_PROCESSES],
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        check=True,
        timeout=600,
        cwd=ROOT,
    )
    told = {path.name: json.loads(path.read_text()) for path in tmp_path.iterdir()}
    assert len(told) == 2 * len(IN_PROCESSES)
    assert not {name: found for name, found in told.items() if found}

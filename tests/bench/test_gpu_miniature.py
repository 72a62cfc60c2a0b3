"""All of the bench of a GPU in miniature on the CPU: nothing fails, and only peers' code is skipped."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.gpu.entries import groups
from bench.gpu.entry import Setting
from bench.gpu.results import OK, SKIPPED, Results
from tests.documents import ROOT


@pytest.mark.thorough
@pytest.mark.processes
def test_the_miniature_is_green(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench.gpu", "--device", "cpu", "--out", str(tmp_path / "out")]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)
    assert done.returncode == 3, done.stdout[-3000:] + done.stderr[-2000:]
    results = Results.read(tmp_path / "out" / "results.json")
    wanted = [entry for group in groups(Setting("cpu", tmp_path)) for entry in group.entries]
    assert [row.name for row in results.rows] == [entry.name for entry in wanted]
    of_peers = {entry.name for entry in wanted if entry.work.startswith("bench.gpu.peers:")}
    assert {row.name for row in results.of(SKIPPED)} == of_peers
    assert len(list(results.of(OK))) == len(wanted) - len(of_peers)
    assert done.stdout.splitlines()[-1] == results.last_line()

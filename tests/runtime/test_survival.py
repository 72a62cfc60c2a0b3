"""SIGKILL at twenty moments, in writing and in fading too: the end equals a run that nothing disturbed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from gandsl_runtime.runs import checkpoint
from tests.runtime.helpers import assert_same, reproducible

pytestmark = pytest.mark.processes
ROOT = Path(__file__).resolve().parents[2]
SURVIVOR = Path(__file__).with_name("survivor.py")

# What it is killed in, and in which call of it, counted from the start or the resume.
MOMENTS = [
    ("step", 2),
    ("checkpoint not begun", 1),
    ("checkpoint half written", 2),
    ("log half a line", 2),
    ("fade", 4),
    ("checkpoint not flushed", 1),
    ("fade", 9),
    ("checkpoint not named", 2),
    ("fade", 3),
    ("stepped", 6),
    ("checkpoint not retained", 2),
    ("checkpoint half retained", 2),
    ("fade", 7),
    ("grid half written", 1),
    ("time", 0),
    ("checkpoint half written", 1),
    ("time", 0),
    ("log half a line", 1),
    ("checkpoint not named", 3),
    ("time", 0),
]


@pytest.fixture(scope="module")
def survived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[list[object]]]:
    """The folder of both runs, and where each session ended."""
    folder = tmp_path_factory.mktemp("survival")
    done = subprocess.run(
        [sys.executable, SURVIVOR, folder],
        input=json.dumps(MOMENTS),
        text=True,
        capture_output=True,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'runtime'}", "OMP_NUM_THREADS": "1"},
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, [json.loads(line) for line in done.stdout.splitlines()]


def test_it_was_killed_as_wanted(survived):
    _, sessions = survived
    assert [session["code"] for session in sessions] == [-9] * 20 + [0]
    kinds = Counter(session["kind"].split()[0] for session in sessions)
    assert kinds["checkpoint"] >= 5 and kinds["fade"] >= 3
    saved = [session["newest"] or "" for session in sessions]
    assert saved == sorted(saved)  # nothing that was saved is lost
    assert len(set(saved)) >= 8  # and the kills are spread over the run


def test_the_end_is_the_same_to_the_bit(survived):
    folder, _ = survived
    (path, tensors, facts, refused), (_, wanted, facts_wanted, _) = (
        checkpoint.newest(folder / name / "checkpoints") for name in ("killed", "whole")
    )
    assert int(path.stem) >= 460 and not refused
    assert any(name.startswith("average/") for name in tensors)
    assert any(name.endswith("/exp_avg_sq") for name in tensors)
    assert "game/p" in tensors
    assert_same(tensors, wanted)
    said, wanted = facts.model_dump(), facts_wanted.model_dump()
    for found in (said, wanted):
        found["log"]["latest"] = reproducible(found["log"]["latest"])
        assert found["log"].pop("seconds") > 0 and found.pop("run")
    assert said == wanted


def test_so_is_all_that_was_written(survived):
    folder, _ = survived
    killed, whole = folder / "killed", folder / "whole"
    logs = [
        [reproducible(json.loads(line)) for line in (run / "log.jsonl").read_text().splitlines()]
        for run in (killed, whole)
    ]
    assert len(logs[1]) > 30 and logs[0] == logs[1]
    for part in ("grids", "checkpoints"):
        names = sorted(path.name for path in (whole / part).iterdir())
        assert names == sorted(path.name for path in (killed / part).iterdir())
    assert len(names) > 4  # the newest two, the best two, four milestones: some are the same
    for grid in (whole / "grids").iterdir():
        assert (killed / "grids" / grid.name).read_bytes() == grid.read_bytes()
    sessions = json.loads((killed / "run.json").read_text())["sessions"]
    assert len(sessions) == 21

"""Every kind of set under a run that is killed and goes on."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from gandsl_runtime.data import Stream
from gandsl_runtime.runs import checkpoint
from tests.cli.forks import Ended, forked
from tests.runtime.field_sets import SETS
from tests.runtime.fielded import EVERYTHING
from tests.runtime.helpers import assert_same

QUICK = "shards"


def kinds(quick: str) -> list[object]:
    return [kind if kind == quick else pytest.param(kind, marks=pytest.mark.thorough) for kind in SETS]


def _killed_at(number: int) -> Callable[[], None]:
    """The process dies when it reads a batch for the so-many-th time."""

    def before() -> None:
        count, usual = iter(range(number)), Stream.read

        def read(stream: Stream, size: int) -> object:
            if next(count, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)
            return usual(stream, size)

        Stream.read = read  # type: ignore[method-assign, assignment]

    return before


def trained(folder: Path, where: object, run: str, before: Callable[[], None] = lambda: None) -> Ended:
    (folder / "everything.yaml").write_text(EVERYTHING)
    line = ["train", folder / "everything.yaml", "--data", f"a={where}", "--data", f"b={where}"]
    return forked([*line, "-o", folder / run, "--seed", 3, "--device", "cpu"], before)


@pytest.mark.parametrize("kind", kinds(QUICK))
def test_a_killed_run_goes_on_to_the_bit(kind: str, tmp_path: Path) -> None:
    """SIGKILL at a batch in the middle of the run, of its epochs, and behind a checkpoint."""
    where = SETS[kind](tmp_path / "set")
    done = trained(tmp_path, where, "whole")
    assert done.code == 0, done.err
    assert trained(tmp_path, where, "killed", _killed_at(22)).code == -signal.SIGKILL
    left = checkpoint.newest(tmp_path / "killed" / "checkpoints")[0]
    done = forked(["train", tmp_path / "killed"])
    assert done.code == 0, done.err
    (end, whole), (again, killed) = (
        checkpoint.newest(tmp_path / run / "checkpoints")[:2] for run in ("whole", "killed")
    )
    assert end.name == again.name != left.name
    assert_same(whole, killed)
    for grid in (tmp_path / "whole" / "grids").iterdir():
        assert grid.read_bytes() == (tmp_path / "killed" / "grids" / grid.name).read_bytes(), grid.name

"""Run folders spoiled in every way: a resume and a sample end with a message, or as if nothing had been."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from gandsl.cli.app import app
from gandsl.cli.exits import Exit
from gandsl_runtime.errors import CheckpointError
from gandsl_runtime.runs import checkpoint
from gandsl_runtime.runs.header import Counters
from gandsl_runtime.runs.run_dir import found_in
from tests.cli.conftest import ROOT
from tests.cli.forks import Ended, forked
from tests.cli.spoil_files import Case
from tests.cli.spoil_runs import all_cases

DATA = ROOT / "tests" / "data" / "run_format_2"
FEW, PARTS, LEAST = 20, 20, 1500
TOLD = (Exit.INPUT, Exit.USAGE, Exit.DATA, Exit.CHECKPOINT)  # what a spoiled folder may end with
TRAIN = ["train", "small.yaml", "--data", "images.zip", "-o", "run", "--device", "cpu"]
RESUME = ["train", "run", "--device", "cpu"]
SAMPLE = ["sample", "run", "--seeds", "0-1", "--device", "cpu", "-o", "grid.png"]
EXPORT = [
    "export-weights",
    "run",
    "-o",
    "x.pt",
    "--layout",
    "stylegan2-ada-pytorch",
]  # whose names it has not
UNREAD = ("log", "plan", "run.json", "guard", "grids", ".lock")  # by other commands than `train`


def state_of(run: Path) -> tuple[dict[str, torch.Tensor], Counters]:
    """The newest state, without what tells the time."""
    path, tensors, facts, _ = checkpoint.newest(run / "checkpoints")
    return tensors, checkpoint.run_facts(path, facts).counters


@dataclass
class Folders:
    """`place/whole`: a run at its end; `stopped`: the same some steps before; `spoiled`: the case."""

    place: Path

    def __post_init__(self) -> None:
        self.tensors, self.counters = state_of(self.place / "whole" / "run")
        self.newest, self.older = found_in(self.place / "stopped" / "run" / "checkpoints")[:2]
        self.grids = {
            path: (self.place / f"{path.stem}.png").read_bytes() for path in (self.newest, self.older)
        }
        self.cases = all_cases(self.place / "stopped" / "run")

    def spoiled(self, case: Case) -> Path:
        folder = self.place / "spoiled"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.place / "stopped", folder)
        case.spoil(folder / "run")
        return folder

    def resumed(self, case: Case) -> str | None:
        """What is wrong with how a resume ends; None: nothing."""
        folder = self.spoiled(case)
        ended = forked(RESUME, _impatient, folder)
        if ended.code:
            return _untold(ended)
        try:
            tensors, counters = state_of(folder / "run")
        except CheckpointError as error:
            return f"it went on, and then: {error}"
        if counters != self.counters or tensors.keys() != self.tensors.keys():
            return f"silently another run: {counters}"
        others = [name for name, tensor in tensors.items() if not torch.equal(tensor, self.tensors[name])]
        return f"silently another run: {len(others)} other tensors" if others else None

    def sampled(self, case: Case) -> str | None:
        """What is wrong with how sampling ends; None: nothing."""
        folder = self.spoiled(case)
        ended = forked(SAMPLE, _impatient, folder)
        if ended.code:
            return _untold(ended)
        lost = not (folder / "run" / "checkpoints" / self.newest.name).exists()  # as if it had never been
        grid = (folder / "grid.png").read_bytes()
        same = grid == self.grids[self.older if lost else self.newest]
        return None if same or "warning" in ended.err else "silently other images"

    def exported(self, case: Case) -> str | None:
        """What is wrong with how an export ends; None: nothing."""
        return _untold(forked(EXPORT, _impatient, self.spoiled(case)))

    def wrong(self, cases: Iterable[Case]) -> list[str]:
        """What goes wrong, a line a case."""
        found = []
        for case in cases:
            ways = {"resume": self.resumed}
            if not case.name.startswith(UNREAD):
                ways |= {"sample": self.sampled, "export": self.exported}
            found += [f"{name}, {case.name}: {said}" for name, way in ways.items() if (said := way(case))]
        return found


def _impatient() -> None:
    """A lock of another host is looked at for a quarter of a second only."""
    from gandsl_runtime.runs import lock

    lock.BEAT = 0.05


def _untold(ended: Ended) -> str | None:
    told = ended.code in TOLD and "error" in ended.err.lower() and "Traceback" not in ended.err
    return None if told else f"exit code {ended.code}: {ended.err[-600:]}"


def prepared(place: Path) -> Folders:
    """The run that nothing befalls is trained in this process: what forks need is imported then."""
    whole, stopped = place / "whole", place / "stopped"
    whole.mkdir()
    shutil.copy(DATA / "images.zip", whole)
    shutil.copy(DATA / "run" / "spec.yaml", whole / "small.yaml")
    before = Path.cwd()
    os.chdir(whole)
    try:
        done = CliRunner().invoke(app, TRAIN, prog_name="gandsl")
        assert done.exit_code == 0, done.output
        shutil.copytree(whole, stopped)
        last = found_in(stopped / "run" / "checkpoints")[0]
        last.unlink()
        (stopped / "run" / "grids" / f"{last.stem}.png").unlink()
        os.chdir(stopped)
        for path in found_in(Path("run") / "checkpoints"):
            done = CliRunner().invoke(app, [*SAMPLE, "--weights", str(path)], prog_name="gandsl")
            assert done.exit_code == 0, done.output
            Path("grid.png").rename(place / f"{path.stem}.png")
    finally:
        os.chdir(before)
    return Folders(place)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folders]:
    yield prepared(tmp_path_factory.mktemp("runs"))


def test_what_is_not_spoiled_goes_on(folders: Folders) -> None:
    assert len(folders.cases) >= LEAST
    assert folders.wrong([Case("nothing", lambda run: None)]) == []


def test_the_judge_notices_another_run(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = Case("nothing", lambda run: None)
    name = "generator/map.bias"
    monkeypatch.setitem(folders.tensors, name, folders.tensors[name] + 1e-6)
    assert folders.resumed(nothing) == "silently another run: 1 other tensors"
    monkeypatch.setitem(folders.grids, folders.newest, b"")
    assert folders.sampled(nothing) == "silently other images"
    for ended in (Ended(70, "", "error: a bug"), Ended(-11, "", "error"), Ended(4, "", "")):
        assert _untold(ended)


def test_a_few(folders: Folders) -> None:
    assert folders.wrong(random.Random(3).sample(folders.cases, FEW)) == []


@pytest.mark.thorough
@pytest.mark.parametrize("part", range(PARTS))
def test_all(part: int, folders: Folders) -> None:
    assert folders.wrong(folders.cases[part::PARTS]) == []

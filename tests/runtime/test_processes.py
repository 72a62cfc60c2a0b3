"""Several processes with a part of the batch each do what one does with the whole: everything is compared."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from gandsl_runtime.distributed.group import ProcessGroup
from tests.games import in_processes as random_games
from tests.runtime.field_sets import SETS
from tests.runtime.helpers import alarms_of, assert_same
from tests.runtime.in_processes import BATCH, CASES, RANDOM, of_fields, outcome, train, trainer_of

pytestmark = pytest.mark.processes
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two processes with half the batch each have come to."""
    folder = tmp_path_factory.mktemp("together")
    start("tests.runtime.in_processes", folder, *CASES)
    return folder


def start(program: str, folder: Path, *more: str) -> None:
    """Two processes of a program, until they end."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    path = os.pathsep.join([str(ROOT), str(ROOT / "runtime"), os.environ.get("PYTHONPATH", "")])
    subprocess.run(
        [*torchrun, "-m", program, str(folder), *more],
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        check=True,
        timeout=600,
        cwd=ROOT,
    )


@pytest.mark.parametrize("case", CASES)
def test_two_processes_do_what_one_does(case: str, together: Path) -> None:
    """Weights, averages, buffers, optimizers, path length, p of augmentation and the means in the log."""
    alone = outcome(train(case, ProcessGroup()))
    for rank in range(2):
        found = torch.load(together / f"{case}.{rank}.pt", weights_only=True)
        assert found.keys() == alone.keys()
        assert_close(found, alone)


@pytest.mark.parametrize("seed", RANDOM)
def test_a_random_game_in_two_processes(seed: int, together: Path, tmp_path: Path) -> None:
    assert random_games.compare(seed, together, tmp_path)


@pytest.mark.thorough
def test_many_random_games_in_two_processes(tmp_path: Path) -> None:
    start("tests.games.in_processes", tmp_path, "200", "500")
    assert sum(random_games.compare(seed, tmp_path, tmp_path) for seed in range(200, 500)) > 200


@pytest.mark.thorough
def test_two_processes_read_every_kind_of_set_as_one_does(tmp_path: Path) -> None:
    """All kinds of fields, partners, streams and computed ones, of each kind of set."""
    there = [kind for kind in SETS if kind != "hub" or find_spec("datasets")]
    for kind in there:
        (tmp_path / kind).write_text(str(SETS[kind](tmp_path / f"{kind}-set")))
    start("tests.runtime.field_sets", tmp_path, *there)
    for kind in there:
        trainer = of_fields(ProcessGroup(), (tmp_path / kind).read_text())
        trainer.step(), trainer.step()
        for rank in range(2):
            assert_close(torch.load(tmp_path / f"{kind}.{rank}.pt", weights_only=True), outcome(trainer))


def test_a_run_goes_on_with_another_number_of_processes(together: Path) -> None:
    """Two processes took the first three of five steps; one that took all five is where one comes to."""
    lengthened = {"training.length": "5 steps"}
    resumed = trainer_of("style", ProcessGroup(), together / "run", resuming=True, **lengthened)
    assert resumed.state.clock.steps == 3
    alone = trainer_of("style", ProcessGroup(), **lengthened)
    resumed.run(), alone.run()
    assert_close(resumed.state.tensors(), alone.state.tensors())


def test_processes_go_back_together(together: Path) -> None:
    """Two processes agree on the alarm, and one writes the files; each ends with the same state."""
    (alarm,) = alarms_of(together / "guarded")
    assert alarm["action"] == "rollback" and 20 < alarm["steps"] <= 25
    (counters, tensors), (others, same) = (
        torch.load(together / f"guarded.{rank}.pt", weights_only=True) for rank in range(2)
    )
    assert counters == others and counters["rollbacks"] == 1 and counters["steps"] == 36
    own = [name for name in tensors if "running" in name]  # plain batch norm has its own part's statistics
    assert own and not all([tensors.pop(name).equal(same.pop(name)) for name in own])
    assert_same(tensors, same)


def test_micro_batches_of_two_processes_do_what_the_batch_does(together: Path) -> None:
    """The mean of w moves once for each call in a phase; so does all else."""
    case = "style_in_parts"
    found = torch.load(together / f"{case}.0.pt", weights_only=True)
    assert_close(found, outcome(train(case, ProcessGroup(), **{"training.micro_batch": BATCH})))


def test_micro_batches_do_what_the_batch_does() -> None:
    """The groups of minibatch statistics included; batch normalization alone would see fewer samples."""
    whole, parts = (
        outcome(train("grown", ProcessGroup(), **more)) for more in ({}, {"training.micro_batch": 4})
    )
    assert_close(parts, whole)


def assert_close(found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> None:
    """Up to the order of sums in float64; float32 buffers (of spectral norms) up to their rounding."""
    for name, tensor in expected.items():
        close = {"rtol": 1e-7, "atol": 1e-9} if tensor.dtype == torch.float64 else {}
        torch.testing.assert_close(found[name], tensor, **close, msg=lambda m, name=name: f"{name}: {m}")

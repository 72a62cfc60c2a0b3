"""A program that torchrun starts: plays random games with a part of each batch, saves what became of them.

torchrun --nproc-per-node N -m tests.games.in_processes FOLDER FIRST LAST
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import torch

from gandsl_runtime.distributed.group import ProcessGroup, join
from tests.games.random_game import STEPS, random_game
from tests.games.random_runs import outcome, run_of


def played(seed: int, folder: Path, group: ProcessGroup) -> dict[str, torch.Tensor] | None:
    """What a game has come to where all processes together do a micro-batch of the game's; None: refused."""
    own = random_game(seed).micro_batch
    run = run_of(seed, folder, own // group.size if own else None, group)
    return None if run is None else outcome(run, STEPS)


def save(seeds: Iterable[int], folder: Path, group: ProcessGroup) -> None:
    """`random{seed}.{rank}.pt` of each game."""
    mine = folder / f"process{group.rank}"
    mine.mkdir()
    for seed in seeds:
        torch.save(played(seed, mine, group), folder / f"random{seed}.{group.rank}.pt")


def compare(seed: int, folder: Path, alone: Path) -> bool:
    """Hold what both processes have come to against one that did it alone; whether there is such a game."""
    expected = played(seed, alone, ProcessGroup())
    for rank in range(2):
        found = torch.load(folder / f"random{seed}.{rank}.pt", weights_only=True)
        assert (found is None) == (expected is None)
        for name, tensor in (expected or {}).items():
            what = f"{seed}, process {rank}, {name}"
            torch.testing.assert_close(
                found[name], tensor, rtol=1e-7, atol=1e-9, msg=lambda said, what=what: f"{what}: {said}"
            )
    return expected is not None


if __name__ == "__main__":
    processes = join(torch.device("cpu"))
    save(range(int(sys.argv[2]), int(sys.argv[3])), Path(sys.argv[1]), processes)
    processes.leave()

"""Memory of training steps: what `gandsl cost --memory` measures on fake tensors, against real ones.

    python bench/memory.py [NAME ...]

The second instrument is the CPU allocator's own record (torch.profiler), with real tensors and no dispatch
mode. What an operation takes and gives back before it ends, its workspace, is told beside the tensors.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

import gandsl
from bench.figures import figure
from gandsl.analysis import analyze
from gandsl.memory import memory_of
from gandsl_runtime.peak_memory.storages import LiveStorages
from tests.memory.allocations import Allocated, allocated, game_of

__all__ = ["LiveStorages", "both", "main", "measured"]

SPECS = Path(__file__).resolve().parents[1] / "specs"
R1 = {"training.regularizers.r1.gamma": 1.0, "training.regularizers.r1.every": "16 steps"}
Overrides = Mapping[str, Any]
Peaks = dict[str, int]

# name → size, batches, and penalties to add where it has none
CASES: dict[str, tuple[Overrides, tuple[int, int], Overrides]] = {
    "stylegan2": ({"resolution": 128, "training.augment": None}, (4, 8), {}),
    "pggan": ({"resolution": 64, "training.growth.batch": None}, (4, 16), {}),
    "biggan": ({"resolution": 64}, (4, 8), R1),
    "sngan": ({}, (16, 64), R1),
    "r3gan": ({"training.augment": None}, (4, 8), {}),
    "dcgan": ({}, (32, 128), R1),
    "biggan_deep": ({"resolution": 64}, (4, 8), R1),
}


def measured(spec: Path, overrides: Overrides, device: str = "cpu") -> Peaks:
    """Bytes at the fullest moment of each phase, at the last level, as `gandsl cost --memory` says.

    device: cpu, or cuda, which is compared with torch.cuda.max_memory_allocated() of the same phase.
    """
    module, diagnostics = analyze(spec, overrides)
    assert module is not None, [one.message for one in diagnostics]
    level = [level for level in memory_of(module, device).levels if not level.fading][-1]
    return {phase.name: phase.bytes for phase in level.phases}


def both(name: str, overrides: Overrides) -> tuple[Peaks, dict[str, Allocated]]:
    """By phase: as measured, and as allocated."""
    spec = SPECS / f"{name}.yaml"
    program = gandsl.compile(spec, dict(overrides))
    assert program.plan is not None
    return measured(spec, overrides), allocated(program.plan, lambda: game_of(program))


def main(arguments: list[str]) -> int:
    if unknown := set(arguments) - set(CASES):
        raise SystemExit(f"no case {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    print(f"torch {torch.__version__}, on the CPU\n")
    amounts = f"{'measured':>11} {'allocated':>11} {'error':>7} {'workspace':>11}"
    print(f"{'spec':12} {'batch':>5} {'phase':6} {amounts}")
    worst = 0.0
    for name, (size, batches, penalties) in CASES.items():
        if arguments and name not in arguments:
            continue
        for batch in batches:
            began = time.perf_counter()
            ours, theirs = both(name, {**size, **penalties, "training.batch": batch})
            for phase, mine in ours.items():
                true = figure("what a phase holds", theirs[phase].tensors, above=2**20)
                apart = mine / true - 1
                worst = max(worst, figure("how far both are apart", abs(apart), above=-1.0))
                more = theirs[phase].everything - true
                amounts = f"{_mib(mine)} {_mib(true)} {apart:+7.2%} {_mib(more)}"
                print(f"{name:12} {batch:5} {phase:6} {amounts}", flush=True)
            print(f"{'':12} {time.perf_counter() - began:.0f} s")
    print(f"\nfurthest apart: {worst:.2%}")
    return 0 if worst <= 0.01 else 1


def _mib(size: float) -> str:
    return f"{size / 2**20:7.1f} MiB"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

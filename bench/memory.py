"""Memory of training steps: `gandsl cost --memory` against what a run of the trainer holds.

    python bench/memory.py [NAME ...] [--real]

The instrument is `LiveStorages`, a TorchDispatchMode: it adds up the bytes of every tensor storage, from the
call that made it until torch frees it, while the real Trainer takes each of its phases a second time, so that
gradients, moments and the average are there. It runs under FakeTensorMode, where tensors have no numbers and
networks of any size fit; with --real it computes. Both give the same figures. (torch's own MemTracker refuses
modules that are called twice in a step.) A kernel's workspace is not in it.

Under any dispatch mode torch's engine adds gradients that meet into a new tensor, and in place without one.
So the instrument reads a little more than a run takes, where a peak is at such a moment: mostly in penalties.
"""

from __future__ import annotations

import sys
import time
import warnings
import weakref
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

import gandsl
from bench.figures import figure
from gandsl.analysis import analyze
from gandsl.analysis.memory import memory_of
from gandsl.cli.memory import as_trained
from gandsl_runtime import Trainer, schedule
from gandsl_runtime.game import classes_of
from gandsl_runtime.schedule import Clock
from tests.specs.images import random_images

SPECS = Path(__file__).resolve().parents[1] / "specs"
R1 = {"training.regularizers.r1.gamma": 1.0, "training.regularizers.r1.every": "16 steps"}
Overrides = Mapping[str, Any]

# name → size, batches, penalties to add, and where its own are in each step: what leaves them out
CASES: dict[str, tuple[Overrides, tuple[int, int], Overrides, Overrides | None]] = {
    "stylegan2": ({"resolution": 256}, (4, 16), {}, None),
    "pggan": (
        {"resolution": 128, "training.growth.batch": None},
        (4, 16),
        {},
        {"training.regularizers.gradient_penalty.weight": 0.0},
    ),
    "biggan": ({"resolution": 128}, (8, 32), R1, None),
    "sngan": ({}, (16, 64), R1, None),
    "r3gan": (
        {},
        (8, 32),
        {},
        {"training.regularizers.r1.gamma": 0.0, "training.regularizers.r2.gamma": 0.0},
    ),
    "dcgan": ({}, (32, 128), R1, None),
    "biggan_deep": ({"resolution": 128}, (4, 16), R1, None),
}


class LiveStorages(TorchDispatchMode):
    """Bytes of all tensor storages alive that were made inside, now and at most."""

    def __init__(self) -> None:
        super().__init__()
        self.live = self.peak = 0
        self._sizes: dict[int, int] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for value in tree_iter(result):
            if isinstance(value, torch.Tensor):
                self._see(value.untyped_storage())
        return result

    def measure(self) -> None:
        """Look for the peak from here on."""
        self.peak = self.live

    def _see(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key not in self._sizes:
            self._sizes[key] = storage.nbytes()
            self.live += storage.nbytes()
            self.peak = max(self.peak, self.live)
            weakref.finalize(storage, self._gone, key)

    def _gone(self, key: int) -> None:
        self.live -= self._sizes.pop(key)


def measured(spec: Path, overrides: Overrides, *, fake: bool = True) -> dict[str, int]:
    """Bytes at the fullest moment of each phase, the second time that it is taken; at the last level."""
    program = gandsl.compile(spec, dict(overrides))
    assert program.plan is not None
    mode = FakeTensorMode(allow_non_fake_inputs=True) if fake else nullcontext()
    torch.manual_seed(0)
    with warnings.catch_warnings(), mode, LiveStorages() as storages:
        warnings.simplefilter("ignore")  # torch warns of what fake tensors can't do
        generator, discriminator = program.generator, program.discriminator
        if fake:  # what has no numbers can't be moved
            for network in (generator, discriminator):
                setattr(network, "to", lambda *_, network=network, **__: network)  # noqa: B010
        shape = max(port.shape for port in discriminator.inputs if port.kind == "Image")
        data = random_images(shape, classes_of(generator))
        trainer = Trainer(program.plan, generator, discriminator, data=data, device="cpu", observing=())
        step = schedule.step(program.plan, generator.levels, Clock(10**12, 0))
        trainer.game.stage = step.stage
        found = {}
        for again in (False, True):
            for phase in trainer.phases:
                storages.measure()
                trainer.updates.take(phase, step)
                if again:
                    found[phase.name] = storages.peak
    return found


def predicted(spec: Path, overrides: Overrides) -> dict[str, int]:
    """The same, as `gandsl cost --memory` says."""
    module, diagnostics = analyze(spec, overrides)
    assert module is not None, [one.message for one in diagnostics]
    trained, stages = as_trained(module)
    level = [level for level in memory_of(trained, checkpointed=stages).levels if not level.fading][-1]
    return {phase.name: phase.peak.bytes for phase in level.phases}


def peak(phases: Mapping[str, int], *, plain: bool) -> int:
    """The most of a step: of the phases in every step, or of those that lazy penalties have of their own.

    Where penalties are in each step, these are the same phases.
    """
    lazy = [size for name, size in phases.items() if "/" in name]
    return max(lazy if lazy and not plain else [size for name, size in phases.items() if "/" not in name])


def main(arguments: list[str]) -> int:
    wanted, fake = [a for a in arguments if a != "--real"], "--real" not in arguments
    if unknown := set(wanted) - set(CASES):
        raise SystemExit(f"no case {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    how = "LiveStorages, " + ("under FakeTensorMode" if fake else "computing")
    print(f"instrument: {how}; torch {torch.__version__}\n")
    print(f"{'spec':12} {'batch':>5} {'step':8} {'predicted':>10} {'measured':>10} {'error':>7}  seconds")
    worst = 0.0
    for name, (size, batches, penalties, without) in CASES.items():
        if wanted and name not in wanted:
            continue
        for batch in batches:
            for plain in (True, False):
                began = time.perf_counter()
                more = without if plain and without else penalties
                ours, theirs = both(name, {**size, **more, "training.batch": batch}, fake)
                mine, true = peak(ours, plain=plain), peak(theirs, plain=plain)
                apart = abs(mine / figure("what a run holds", true, above=2**20) - 1)
                worst = max(worst, figure("how far both are apart", apart, above=-1.0))
                amounts = f"{mine / 2**20:6.0f} MiB {true / 2**20:6.0f} MiB {mine / true - 1:+7.1%}"
                took = time.perf_counter() - began
                print(
                    f"{name:12} {batch:5} {'plain' if plain else 'penalty':8} {amounts}  {took:5.0f}",
                    flush=True,
                )
    print(f"\nfurthest apart: {worst:.1%}")
    return 0 if worst <= 0.15 else 1


_DONE: dict[str, tuple[dict[str, int], dict[str, int]]] = {}


def both(name: str, overrides: Overrides, fake: bool) -> tuple[dict[str, int], dict[str, int]]:
    """Predicted and measured by phase; once for the same overrides."""
    key = f"{name} {overrides}"
    if key not in _DONE:
        spec = SPECS / f"{name}.yaml"
        _DONE[key] = predicted(spec, overrides), measured(spec, overrides, fake=fake)
    return _DONE[key]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""Kernels and bytes of training steps on CUDA, counted without a GPU, beside stylegan2-ada's.

    python bench/launches.py [CASE ...] [--stylegan2-ada PATH] [--choices] [--operators N]

The real Trainer takes each of its phases, on tensors without numbers, its programs optimized for CUDA; the
second time, when moments are there, `bench/kernels.py` counts what would be launched, and the bytes that
kernels other than products read and write. The row `step` is the mean step: lazy phases by their interval.
PATH is a checkout of github.com/NVlabs/stylegan2-ada-pytorch: beside ours stands its own step, with its CUDA
operators, and ours should be below it in both. --choices: what each choice of `gandsl.passes.devices` changes
of the mean step, taken as for the CPU. --operators: the N operators of a phase that move most.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import _disable_current_modes

import gandsl
from bench import launches_official as official
from bench.figures import figure, some
from bench.kernels import Launches, Tally
from bench.training import trainer_of
from gandsl.passes.devices import DEVICES
from gandsl.passes.target import Target
from gandsl_runtime.data.stream import Batch
from gandsl_runtime.game.items import StepItems
from gandsl_runtime.game.step import take
from gandsl_runtime.plan.game import PhasePlan
from gandsl_runtime.plan.schedule import Clock
from gandsl_runtime.programs import classes_of
from gandsl_runtime.runs.record import MachineOptions
from tests.specs.images import random_images

SPECS = Path(__file__).resolve().parents[1] / "specs"
OPTIMIZER, REST, STEP = "optimizer", "rest", "step"


@dataclass(frozen=True)
class Case:
    """A system at a size: its spec and overrides, and the official network's (size, base, group, half)."""

    spec: str
    overrides: Mapping[str, Any]
    official: tuple[int, int, int, bool] | None = None


HALF = {"training.precision": {"compute": "fp16", "stages": 4, "overflow": "replace"}}
FULL = {"training.precision": {"compute": "fp32"}}
CASES = {
    "stylegan2-256": Case(
        "stylegan2/paper256", {"training.batch": 32, "params.clamp": 0.0, **FULL}, (256, 16384, 8, False)
    ),
    "stylegan2-256-fp16": Case("stylegan2/paper256", {"training.batch": 32, **HALF}, (256, 16384, 8, True)),
    "stylegan2-1024": Case("stylegan2", {"training.batch": 32, **FULL}, (1024, 32768, 4, False)),
    "biggan-128": Case("biggan", {"resolution": 128, "training.batch": 32}),
    "pggan-128": Case("pggan", {"resolution": 128, "training.growth.batch": None, "training.batch": 32}),
}


@dataclass
class Counted:
    """A step: every part with how many steps it is taken in, and what it launches; and by operator."""

    parts: dict[str, tuple[int, Tally]] = field(default_factory=dict)
    operators: dict[str, dict[str, Tally]] = field(default_factory=dict)

    def add(self, name: str, every: int, launches: Launches) -> None:
        self.parts[name] = every, launches.total(name)
        self.operators[name] = launches.found[name]
        if (optimizer := launches.total(f"{name} {OPTIMIZER}")).kernels:
            _, before = self.parts.get(OPTIMIZER, (1, Tally()))
            self.parts[OPTIMIZER] = 1, before + optimizer * (1 / every)

    @property
    def mean(self) -> Tally:
        """Of one step."""
        return sum((tally * (1 / every) for every, tally in self.parts.values()), Tally())


def ours(case: Case) -> Counted:
    """A step of ours, at the last level of a growing system."""
    program = gandsl.compile(SPECS / f"{case.spec}.yaml", dict(case.overrides), target=Target("cuda"))
    launches, found = Launches(), Counted()
    with _without_numbers() as numberless, ExitStack() as taken:
        generator, discriminator = program.generator, program.discriminator
        for network in (generator, discriminator):  # what has no numbers can't be moved
            setattr(network, "to", lambda *_, network=network, **__: network)  # noqa: B010
        channels, height, width = max(port.shape for port in discriminator.inputs if port.kind == "Image")
        data = random_images((channels, height, width), classes_of(generator))
        trainer = trainer_of(program, data=data, machine=MachineOptions(device="cpu"), observing=())
        taken.enter_context(
            mock.patch.object(trainer.stream, "take", partial(_taken, trainer.stream.take, numberless))
        )
        run = trainer.state
        run.clock = Clock(10**12, 0)
        now = run.now()
        run.enter(now)

        def taken_once(phase: PhasePlan, items: StepItems) -> None:
            for repeat in range(phase.repeat):
                take(run, now, phase, repeat, items)

        items = StepItems(run, now)
        for phase in run.phases():
            taken_once(phase, items)
        items = StepItems(run, now)
        for phase in run.phases():
            with launches, launches.part(phase.label), ExitStack() as apart:
                for player in phase.players:
                    apart.enter_context(_apart(run.scaling[player], launches, phase.label))
                taken_once(phase, items)
            found.add(phase.label, phase.every, launches)
        with launches, launches.part(REST):
            run.leave(now)
        found.add(REST, 1, launches)
    return found


def theirs(size: int, base: int, group: int, half: bool, batch: int) -> Counted:
    """A step of the official code."""
    launches, found = Launches(), Counted()
    with _without_numbers():
        step = official.Step(size, base, group, batch, half=half)
        with Launches():
            for _, _, work in step.parts():
                work(Launches())
        for name, every, work in step.parts():
            with launches, launches.part(name):
                work(launches)
            found.add(name, every, launches)
    return found


@contextmanager
def _without_numbers() -> Iterator[FakeTensorMode]:
    torch.manual_seed(0)
    with warnings.catch_warnings(), FakeTensorMode(allow_non_fake_inputs=True) as mode:
        warnings.simplefilter("ignore")  # torch warns of what fake tensors can't do
        yield mode


def _taken(take: Callable[[int], Batch], mode: FakeTensorMode, count: int) -> Batch:
    """A batch of the data, read with its numbers."""
    with _disable_current_modes():
        batch = take(count)
    return batch.moved(mode.from_tensor)


@contextmanager
def _apart(scaling: Any, launches: Launches, name: str) -> Iterator[None]:
    """The optimizer's step, and what is done to gradients before it, count apart."""
    plain = scaling.step

    def step(*optimizers: Any) -> None:
        with launches.part(f"{name} {OPTIMIZER}"):
            plain(*optimizers)

    scaling.step = step
    try:
        yield
    finally:
        del scaling.step


def rows(mine: Counted, peer: Counted | None) -> Iterator[str]:
    """The table of a case."""
    for name in [*mine.parts, STEP]:
        pair = []
        for side in (mine, peer):
            if side is not None:
                every, tally = (1, side.mean) if name == STEP else side.parts[name]
                mean = f"1/{every}" if every > 1 else ""
                pair.append(f"{tally.kernels:8.0f} {tally.products:8.0f} {tally.bytes / 1e9:8.2f}")
        yield f"{name:10} {mean:5}   " + "   ".join(pair)


def choices(case: Case) -> Iterator[tuple[str, Tally]]:
    """The mean step with each choice, in turn, as for the CPU."""
    cuda, cpu = DEVICES["cuda"], DEVICES["cpu"]
    for choice in fields(cuda):
        DEVICES["cuda"] = replace(cuda, **{choice.name: getattr(cpu, choice.name)})
        try:
            yield choice.name, ours(case).mean
        finally:
            DEVICES["cuda"] = cuda


def main() -> int:
    """Print the tables; 1 where ours is not below theirs."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--stylegan2-ada", type=Path, metavar="PATH")
    parser.add_argument("--choices", action="store_true")
    parser.add_argument("--operators", type=int, default=0, metavar="N")
    options = parser.parse_args()
    if unknown := set(options.cases) - set(CASES):
        parser.error(f"no case {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    if options.stylegan2_ada:
        official.find(options.stylegan2_ada)
    missed = []
    for name in options.cases or CASES:
        case = CASES[name]
        mine = ours(case)
        figure("kernels of a step", mine.mean.kernels)
        peer = None
        if case.official and options.stylegan2_ada:
            peer = theirs(*case.official, case.overrides["training.batch"])
            if not (mine.mean.kernels < peer.mean.kernels and mine.mean.bytes < peer.mean.bytes):
                missed.append(name)
        columns = "kernels products  GB else"
        print(f"\n{name:19}{columns}{'   ' + columns + ' (official)' if peer else ''}")
        for line in some("parts", list(rows(mine, peer))):
            print(line, flush=True)
        for part, operators in mine.operators.items() if options.operators else ():
            for operator, tally in sorted(operators.items(), key=lambda one: -one[1].bytes)[
                : options.operators
            ]:
                print(f"  {part:6} {operator:28} {tally.kernels:6.0f} {tally.bytes / 1e9:8.2f} GB")
        for choice, other in choices(case) if options.choices else ():
            more = other + mine.mean * -1
            print(
                f"{choice:24} {other.kernels:6.0f} ({more.kernels:+6.0f}) "
                f"{other.bytes / 1e9:8.2f} GB ({more.bytes / 1e9:+8.2f})",
                flush=True,
            )
    print(f"\nnot below the official step: {', '.join(missed)}" if missed else "")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())

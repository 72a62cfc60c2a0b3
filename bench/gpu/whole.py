"""Whole training steps by the device's clock: each phase, the mean over a run, memory, kernels by kind."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from torch import nn

from bench.figures import figure, some
from bench.gpu import ours
from bench.gpu.device import CLOCKS_APART, Peak, Timer, wait
from bench.gpu.entry import Setting
from bench.gpu.kinds import profiled
from bench.training import Part, watched
from gandsl_runtime.plan.schedule import Clock
from gandsl_runtime.runs.record import MachineOptions
from gandsl_runtime.training.trainer import Trainer

STEP = "step"
TURNS, PERIOD = 12, 16
"""Turns at most, and steps of a run that has taken every lazy phase at least once."""


@dataclass(frozen=True)
class Side:
    """One implementation. `every`: phase → its interval; `rest` is what a step has beside phases.

    turn: a step that takes every phase, each in a block of `Part`; plain: the i-th step of a run.
    """

    networks: tuple[nn.Module, nn.Module]
    every: Mapping[str, int]
    turn: Callable[[Part], None]
    plain: Callable[[int], None]
    batch: int

    @property
    def parameters(self) -> int:
        return sum(weight.numel() for network in self.networks for weight in network.parameters())


def measured(setting: Setting, side: Side, seconds: float = 6.0, kernels: bool = False) -> dict[str, Any]:
    """Milliseconds of a step, images a second and memory, in about so many seconds."""
    timer = Timer(setting)
    for _ in range(1 if setting.tiny else 3):
        side.turn(timer.part)
    timer.read()
    peak = Peak(setting)
    turns: list[dict[str, float]] = []
    began = time.perf_counter()
    least = 1 if setting.tiny else 3
    while len(turns) < least or (len(turns) < TURNS and time.perf_counter() - began < seconds / 2):
        turns.append(turn_of(timer, side))
        peak.look()
    phases = {name: statistics.median(turn[name] for turn in turns) for name in some("turns", turns)[0]}
    whole = phases.pop(STEP)
    mean = sum(ms / side.every.get(name, 1) for name, ms in phases.items())
    found: dict[str, Any] = {"step ms": figure("a mean step, in ms", mean, most=CLOCKS_APART * whole)}
    found |= wall(setting, side, 2 if setting.tiny else PERIOD)
    least_held = 4 * side.parameters  # weights alone; gradients and moments come to them
    found["peak GiB"] = peak.read(least_held) / 2**30
    found |= {"parameters": side.parameters, "phases": phases, "all phases ms": whole}
    if kernels:
        found |= profiled(setting, lambda: turn_of(timer, side), most_ms=3 * whole + 5)
    return found


def turn_of(timer: Timer, side: Side) -> dict[str, float]:
    """Milliseconds of each phase of one step, of all of it, and of what is no phase."""
    with timer.part(STEP):
        side.turn(timer.part)
    found = timer.read()
    for name in side.every:
        figure(f"the time of {name}, in ms", found.get(name, 0.0))
    in_phases = sum(ms for name, ms in found.items() if name != STEP)
    whole = figure("a step, in ms", found[STEP], above=0.98 * in_phases)
    return {**found, "rest": max(whole - in_phases, 0.0)}


def wall(setting: Setting, side: Side, steps: int) -> dict[str, float]:
    """Steps one after the other by the host's clock, and how long the host was busy giving them out."""
    wait(setting)
    began = time.perf_counter()
    for place in range(steps):
        side.plain(place)
    given = time.perf_counter()
    wait(setting)
    done = time.perf_counter()
    whole = figure("a step by the clock, in ms", (done - began) / steps * 1e3)
    host = figure("the host's part of a step, in ms", (given - began) / steps * 1e3, most=whole)
    return {"wall ms": whole, "host ms": host, "images/s": side.batch / whole * 1e3}


def step(
    setting: Setting,
    spec: str,
    overrides: Mapping[str, Any],
    batch: int,
    backend: str | None = None,
    seconds: float = 6.0,
    kernels: bool = False,
    benchmark: bool = True,
) -> dict[str, Any]:
    """Ours. backend: of torch.compile; benchmark: whether cuDNN tries its algorithms."""
    told = ours.Told()
    began = time.perf_counter()
    machine = MachineOptions(device=setting.device, cudnn_benchmark=benchmark)
    how = {"backend": backend, "observing": (told,), "machine": machine}
    run, side = trained(setting, spec, {**overrides, "training.batch": batch}, **how)
    with closing(run.stream):
        found = measured(setting, side, seconds, kernels)
    if backend:
        some("compiled passes", ours.compiled(run))
        told.nothing_stays_eager()
        found["with compiling s"] = time.perf_counter() - began
    return found


def trained(setting: Setting, spec: str, overrides: Mapping[str, Any], **more: Any) -> tuple[Trainer, Side]:
    """The trainer as users run it, at its last level; its images are in memory where no `data` is given."""
    program = ours.program(spec, overrides, "cuda")
    trainer = ours.trainer(program, setting.device, **more)
    run = trainer.state

    def turn(part: Part) -> None:
        run.clock = Clock(10**10, 0)
        with watched(part):
            trainer.step()

    def plain(place: int) -> None:
        run.clock = Clock(10**10, place)
        trainer.step()

    networks = program.generator, program.discriminator
    run.clock = Clock(10**10, 0)
    every = {phase.label: phase.every for phase in run.phases()}
    return trainer, Side(networks, every, turn, plain, run.plan.batch)

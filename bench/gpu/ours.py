"""Our side: specs made small or whole, programs for the device, trainers on images in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

import gandsl
from bench.training import trainer_of
from gandsl.ir.types import PICTURES
from gandsl.passes.target import Target
from gandsl_runtime.data.sources import Arrays, NamedArrays
from gandsl_runtime.game.compiled import Backend, Compiler, Region, remark_on
from gandsl_runtime.observers import Observer
from gandsl_runtime.programs import classes_of
from gandsl_runtime.runs.record import MachineOptions
from gandsl_runtime.training.trainer import Trainer
from tests.specs.images import random_images
from tests.specs.reduced import reduced

Kind = Literal["cpu", "cuda"]

SPECS = Path(__file__).resolve().parents[2] / "specs"
BATCH = 8
NOTHING = 1e-12
MOVED, EPSILON = 1e-3, 1e-3
"""What a step of Adam moves a weight by; its ε where runs are compared, below which a gradient is small."""


EXACT = {"training.precision": {"compute": "fp32"}}


def small(spec: str, more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Overrides that make a spec small, in float32 whatever precision it trains in; `more` wins."""
    return {**reduced(spec, BATCH, images=BATCH, classes=10), **EXACT, **(more or {})}


class Told(Observer):
    """Keeps what a trainer warns of."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, message: str) -> None:
        self.warnings.append(message)

    def nothing_stays_eager(self) -> None:
        """Raises AssertionError where something was warned of but the age of torch."""
        said = [message for message in self.warnings if message != remark_on(torch.__version__)]
        assert not said, "; ".join(said)


def program(spec: str, overrides: Mapping[str, Any], kind: Kind) -> gandsl.Program:
    """A spec of the library as it is compiled for a kind of device; its weights are drawn alike each time."""
    made = gandsl.compile(SPECS / f"{spec}.yaml", dict(overrides), target=Target(kind))
    torch.manual_seed(0)
    for name in made.module.networks:  # which are drawn when they are asked for
        made.network(name)
    return made


def images(made: gandsl.Program, count: int = 64) -> Arrays | NamedArrays:
    """Random ones in memory (signals and volumes, too), as D wants them."""
    shape = max((port.shape for port in made.discriminator.inputs if port.kind in PICTURES), key=max)
    classes = max(classes_of(made.generator), classes_of(made.discriminator))
    return random_images(shape, classes, count)


def trainer(
    made: gandsl.Program, device: str, *, double: bool = False, backend: Backend | None = None, **more: Any
) -> Trainer:
    """`backend`: of torch.compile; None: steps run eager."""
    if double:
        made.to(torch.float64)
    given = {"data": images(made), "observing": (), "machine": MachineOptions(device=device), **more}
    run = trainer_of(made, **given)
    if backend is not None:
        run.state.compiler = Compiler(backend, run.warn)
    return run


def compiled(run: Trainer) -> list[Region]:
    """What of its passes is compiled."""
    compiler = run.state.compiler
    return [region for region in compiler.regions.values() if region.compiled] if compiler else []


def floats(run: Trainer) -> Iterator[tuple[str, Tensor]]:
    """All of a trainer's state that has a fraction, but what the guard remembers."""
    for name, tensor in run.state.tensors().items():
        if tensor.is_floating_point() and not name.startswith("guard"):
            yield name, tensor


def apart(mine: Tensor, theirs: Tensor, least: float = NOTHING) -> float:
    """‖a − b‖ / ‖a‖ in float64 on the CPU, numbers taken for `least` at least; infinite where not finite."""
    a, b = (x.detach().double().cpu() for x in (mine, theirs))
    if a.shape != b.shape or not bool(a.isfinite().all() and b.isfinite().all()):
        return float("inf")
    return float((a - b).norm() / a.norm().clamp_min(least * a.numel() ** 0.5)) if a.numel() else 0.0


def size_in_training(name: str) -> float:
    """The size below which differences in a trainer's state are taken to scale."""
    if name.endswith(("exp_avg", "exp_avg_sq")):
        return EPSILON**2 if name.endswith("sq") else EPSILON
    return MOVED


def agree(
    what: str,
    mine: Mapping[str, Tensor],
    theirs: Mapping[str, Tensor],
    most: float,
    least: Callable[[str], float] = lambda name: NOTHING,
    share: float = 1.0,
) -> dict[str, Any]:
    """How far tensors of a name are apart, the worst of all and of the `share` that is nearest.

    Raises AssertionError where the latter is over `most`, or there are none.
    """
    assert mine and mine.keys() == theirs.keys(), f"{what}: other tensors there than here"
    found = sorted(((apart(x, theirs[name], least(name)), name) for name, x in mine.items()), reverse=True)
    within = found[int((1 - share) * len(found)) :]
    said = ", ".join(f"{name} {value:.1e}" for value, name in within[:4])
    assert within[0][0] <= most, f"{what}, apart by more than {most:g}: {said}"
    nearest = {"nearest": within[0][0], "their share": share} if share < 1 else {}
    return {"worst": found[0][0], "of": found[0][1], **nearest, "tensors": len(found)}


def steps(
    spec: str, overrides: Mapping[str, Any], device: str, kind: Kind, count: int = 2, **more: Any
) -> Trainer:
    """A trainer that has taken so many steps, with a large ε, so that what Adam does goes with the gradient.

    A bias before a norm has a gradient of 0, which rounding makes some number; of it Adam takes the sign.
    """
    run = trainer(program(spec, {**overrides, "training.optimizer.eps": EPSILON}, kind), device, **more)
    for _ in range(count):
        run.step()
    return run


def sampled(network: Any, count: int, device: str) -> Sequence[Tensor]:
    """What a network takes, drawn on the CPU: latents, images; labels in turn."""
    draw = torch.Generator().manual_seed(1)
    return [
        torch.arange(count).remainder(port.shape[0]).to(device)
        if port.kind == "Label"
        else torch.randn(count, *port.shape, generator=draw).to(device)
        for port in network.inputs
    ]

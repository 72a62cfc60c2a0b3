"""The training step of a plan, phase by phase, taken as the trainer takes it, to be measured."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from itertools import islice
from types import CodeType
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from ..data.stream import RealBatch
from ..distributed.group import ProcessGroup
from ..network import Network
from ..plan import Plan, schedule
from ..plan.schedule import Clock, Stage, Step
from ..rng import Part
from ..training.game import Batch, TwoPlayerGame, classes_of
from ..training.metrics import MetricSums
from ..training.phases import PlanPhase, phases
from ..training.state import State
from ..training.updates import Updates
from .figures import KINDS, PhasePeak, StagePeaks
from .places import Lines, Places
from .storages import LiveStorages

LATE = Clock(10**12, 10**12)  # whatever rises has risen
PARTS = 2  # of a batch: from the second on gradients are added to, and all are alike
Taken = Callable[[PlanPhase], None]
Networks = tuple[Network, Network]  # generator, discriminator


def stage_peaks(
    plan: Plan,
    made: Callable[[], Networks],
    device: str,
    programs: Callable[[], Mapping[CodeType, Lines]] = dict,
    told: Callable[[], None] = lambda: None,
    fake: bool = True,
) -> Iterator[StagePeaks]:
    """The fullest moment of each phase, at every stage that the plan trains, in its order.

    made: makes both networks. device: where they train; `cuda` without one is taken for the CPU, whose
    operations make the same tensors. fake: tensors have no numbers, so that any size fits. `told` is called
    after each phase. Raises what the step raises.
    """
    where = device if torch.device(device).type == "cpu" or torch.cuda.is_available() else "cpu"
    mode: Any = FakeTensorMode(allow_non_fake_inputs=True) if fake else nullcontext()
    storages = LiveStorages(torch.device(where).type, Places(programs))
    if where != device:  # on the GPU that is not here a step is computed as the plan says first
        precision = plan.precision.model_copy(update={"fallback": None})
        plan = plan.model_copy(update={"precision": precision})
    if fake:
        with torch.device("meta"):  # outside of all modes: what is designed has numbers
            networks = made()
    with _constants_apart(), torch.random.fork_rng(devices=[]), warnings.catch_warnings(), mode, storages:
        warnings.simplefilter("ignore")  # torch warns of what tensors without numbers can't do
        if fake:
            for network in networks:
                _place(network, torch.device(where))
                network.to(where)
        else:
            networks = made()
        rehearsal = Rehearsal(plan, *networks, torch.device(where), ahead=device != "cpu")
        for stage in schedule.stages(plan.growth, rehearsal.state.generator.levels):
            yield _stage(rehearsal, stage, storages, told)


@contextmanager
def _constants_apart() -> Iterator[None]:
    """Constants that functions cache are made again inside the block, to be counted, and once more after it,
    with values.
    """
    _forget_constants()
    try:
        yield
    finally:
        _forget_constants()


def _forget_constants() -> None:
    for name, module in list(sys.modules.items()):
        if name.startswith("gandsl_runtime."):
            for thing in list(vars(module).values()):
                if hasattr(thing, "cache_clear") and hasattr(thing, "__wrapped__"):
                    thing.cache_clear()


def _place(network: Network, device: torch.device) -> None:
    """Give a network of the meta device tensors there that have no numbers either.

    torch can't move these, so the network's own `to` makes others in their place.
    """

    def to(*_: object, memory_format: torch.memory_format | None = None) -> Network:
        for module in network.modules():
            for name, weight in module._parameters.items():
                if weight is not None:
                    module._parameters[name] = nn.Parameter(
                        there(weight, memory_format), weight.requires_grad
                    )
            for name, buffer in module._buffers.items():
                if buffer is not None:
                    module._buffers[name] = there(buffer, memory_format)
        return network

    def there(x: Tensor, form: torch.memory_format | None) -> Tensor:
        if x.device == device and form is None:
            return x
        return torch.empty_like(x, device=device, memory_format=form if form and x.dim() == 4 else None)

    setattr(network, "to", to)  # noqa: B010


def _stage(
    rehearsal: Rehearsal, stage: Stage, storages: LiveStorages, told: Callable[[], None]
) -> StagePeaks:
    found: list[PhasePeak] = []
    step = rehearsal.enter(stage)
    kinds = _Kinds(rehearsal.state, storages)

    def before(phase: PlanPhase) -> None:
        kinds.look()
        storages.measure()

    def after(phase: PlanPhase) -> None:
        images = max(min(task.batch or step.batch, step.batch) for task in phase.tasks)
        at_a_time = min(rehearsal.plan.micro_batch or images, images)
        by_kind = kinds.at_the_peak()
        found.append(PhasePeak(phase.name, phase.every, at_a_time, by_kind, storages.at, storages.backward))
        told()

    rehearsal.take(step, before, after)
    if not rehearsal.steady:
        found.clear()
        rehearsal.take(step, before, after)
    sizes, level = rehearsal.state.generator.levels, stage.level
    micro = min(rehearsal.plan.micro_batch or step.batch, step.batch)
    return StagePeaks(None if level is None else sizes[level], stage.fading, step.batch, micro, tuple(found))


class _Kinds:
    """What each storage holds: known before a phase, or a gradient after it; all others are activations."""

    def __init__(self, state: State, storages: LiveStorages) -> None:
        self._state, self._storages = state, storages

    def look(self) -> None:
        self._before = self._now()

    def at_the_peak(self) -> dict[str, int]:
        """Bytes of each kind at the fullest moment."""
        known = {
            number: kind for found in (self._before, self._now()) for kind in found for number in found[kind]
        }
        bytes_ = dict.fromkeys(KINDS, 0)
        for number, size in self._storages.at_the_peak().items():
            bytes_[known.get(number, "activations")] += size
        return bytes_

    def _now(self) -> dict[str, set[int]]:
        state = self._state
        networks = state.generator, state.discriminator
        weights = [p for network in networks for p in network.parameters()]
        average = state.average
        moments = [
            t for side in schedule.SIDES for s in state.optimizers[side].state.values() for t in s.values()
        ]
        tensors: dict[str, Iterable[Tensor]] = {
            "activations": [],
            "buffers": [b for network in networks for b in network.buffers()],
            "average": [] if average is None else [*average.parameters(), *average.buffers()],
            "optimizer": moments,
            "gradients": [p.grad for p in weights if p.grad is not None],
            "parameters": weights,
        }
        return {kind: self._storages.numbers(found) for kind, found in tensors.items()}


class Rehearsal:
    """A run that is under way, on blank images: its weights have moments and gradients."""

    def __init__(
        self,
        plan: Plan,
        generator: Network,
        discriminator: Network,
        device: torch.device,
        *,
        ahead: bool = False,  # whether the next batch is there already, as on a GPU
    ) -> None:
        self.plan = plan
        self.game = TwoPlayerGame(plan, generator, discriminator, device)
        if classes := classes_of(generator):
            shares = torch.arange(1, classes + 1, device=device, dtype=self.game.dtype)
            self.game.label_distribution = shares / classes
        self.state = State.new(plan, generator, discriminator, 0, device)
        self.phases = phases(plan)
        self.steady = False  # whether the last step began with what it ended with
        stream: Any = _Blank(self.game, ahead)
        self.updates = _Shortened(self.game, self.state, stream, ProcessGroup(), MetricSums())
        self._weights = {
            side: [*self.state.optimizers[side].param_groups[0]["params"]] for side in schedule.SIDES
        }
        if plan.growth is None:  # else some weights are not reached before the last level
            self._begin()

    def enter(self, stage: Stage) -> Step:
        """The step that is taken at a stage."""
        step = Step(LATE, stage, schedule.batch(self.plan, self.state.generator.levels, stage))
        self.game.stage = stage
        self.state.enter(self.plan, step)
        return step

    def take(self, step: Step, before: Taken = lambda _: None, after: Taken = lambda _: None) -> None:
        """Every phase once; `before` and `after` are called around each."""
        began = {weight for side in schedule.SIDES for weight in self.state.optimizers[side].state}
        reached = set[Tensor]()
        for phase in self.phases:
            before(phase)
            self.updates.take(phase, step)
            after(phase)
            reached |= {weight for weight in self._weights[phase.side] if weight.grad is not None}
        for side in schedule.SIDES if self.plan.growth is None else ():  # what nothing reaches has no moments
            for weight in began - reached:
                self.state.optimizers[side].state.pop(weight, None)
        self.steady = began == reached

    def _begin(self) -> None:
        """Moments of every weight, and gradients, as an earlier step leaves them."""
        for side in schedule.SIDES:
            for weight in self._weights[side]:
                weight.grad = torch.zeros_like(weight)
            self.state.optimizers[side].step()


class _Shortened(Updates):
    """Takes only as many parts of a batch as differ in the memory that they take."""

    def _parts(self, count: int) -> Iterator[tuple[Part, Batch]]:
        yield from islice(super()._parts(count), PARTS)


class _Blank:
    """A stream of real images, uint8 [N, c, h, w], and labels, that nobody looks at."""

    position = 0

    def __init__(self, game: TwoPlayerGame, ahead: bool) -> None:
        self._device = game.device if ahead else torch.device("cpu")
        self._ahead, self._next = ahead, RealBatch(torch.empty(0), None)
        shapes = [port.shape for port in game.discriminator.inputs if port.kind == "Image"]
        self._shape = max(shapes, key=lambda shape: shape[1] * shape[2])
        self._labelled = bool(classes_of(game.generator))

    def take(self, count: int) -> RealBatch:
        """So many."""
        now = self._next if len(self._next.images) == count else self._made(count)
        if self._ahead:
            self._next = self._made(count)
        return now

    def _made(self, count: int) -> RealBatch:
        images = torch.zeros(count, *self._shape, dtype=torch.uint8, device=self._device)
        labels = torch.zeros(count, dtype=torch.int64, device=self._device) if self._labelled else None
        return RealBatch(images, labels)

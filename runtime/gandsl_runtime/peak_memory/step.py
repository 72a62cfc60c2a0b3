"""The training step of a game, phase by phase, at every stage and moment of its run, to be measured."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from types import CodeType
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from ..game.optimizers import sizes_of
from ..game.program import Game
from ..game.run import GameRun
from ..network import Network
from ..plan import Plan
from ..plan.game import PhasePlan
from ..plan.schedule import Step
from .figures import KINDS, PhasePeak, StagePeaks, TermPeak
from .moments import moments, stage_begins
from .places import Lines, Places
from .rehearsal import Rehearsal
from .storages import LiveStorages


def stage_peaks(
    plan: Plan,
    made: Callable[[], Game],
    device: str,
    programs: Callable[[], Mapping[CodeType, Lines]] = dict,
    told: Callable[[], None] = lambda: None,
    *,
    terms: bool = False,
    fake: bool = True,
) -> Iterator[StagePeaks]:
    """The fullest moment of each phase, at every stage that the plan trains, in its order.

    made: makes the game, and its networks. device: where they train; `cuda` without one is taken for the CPU,
    whose operations make the same tensors. terms: whether each term of a phase is measured alone, too. fake:
    tensors have no numbers, so that any size fits. `told` is called after each phase, or term.

    Raises what the step raises.
    """
    where = device if torch.device(device).type == "cpu" or torch.cuda.is_available() else "cpu"
    mode: Any = FakeTensorMode(allow_non_fake_inputs=True) if fake else nullcontext()
    storages = LiveStorages(torch.device(where).type, Places(programs))
    if where != device:  # on the GPU that is not here a step is computed as the plan says first
        precision = plan.precision.model_copy(update={"fallback": None})
        plan = plan.model_copy(update={"precision": precision})
    if fake:
        with torch.device("meta"):  # outside of all modes: what is designed has numbers
            game = made()
    with _constants_apart(), torch.random.fork_rng(devices=[]), warnings.catch_warnings(), mode, storages:
        warnings.simplefilter("ignore")  # torch warns of what tensors without numbers can't do
        if fake:
            for network in game.networks.values():
                _place(network, torch.device(where))
                network.to(where)
        else:
            game = made()
        rehearsal = Rehearsal(plan, game, torch.device(where), ahead=device != "cpu")
        begins = stage_begins(plan, sizes_of(game.networks))
        ends = [*(clock for _, clock in begins[1:]), None]
        for (stage, start), end in zip(begins, ends, strict=True):
            step = rehearsal.step_at(stage, start)
            clocks = moments(plan, game.plan_at(stage), step.batch, start, end)
            steps = [replace(step, clock=clock) for clock in clocks]
            yield _stage(rehearsal, steps, storages, told, terms)


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
    rehearsal: Rehearsal, steps: Sequence[Step], storages: LiveStorages, told: Callable[[], None], terms: bool
) -> StagePeaks:
    """The fullest of several moments of a stage."""
    measure = _Measure(rehearsal, storages, told)
    for step in steps:
        measure.phases(step)
    for step in steps if terms else ():
        measure.terms(step)
    sizes, (stage, batch) = sizes_of(rehearsal.game.networks), (steps[0].stage, steps[0].batch)
    micro = min(rehearsal.plan.micro_batch or batch, batch)
    size = None if stage.level is None else sizes[stage.level]
    return StagePeaks(size, stage.fading, batch, micro, measure.found())


class _Measure:
    """Steps of a stage under measurement: of each phase, and of each term, its fullest moment so far."""

    def __init__(self, rehearsal: Rehearsal, storages: LiveStorages, told: Callable[[], None]) -> None:
        self._rehearsal, self._storages, self._told = rehearsal, storages, told
        self._kinds = _Kinds(rehearsal.run, storages)
        self._phases: dict[str, PhasePeak] = {}
        self._terms: dict[str, dict[str, TermPeak]] = {}  # by phase

    def phases(self, step: Step) -> None:
        """Those of a step that begins with what it ends with."""
        found: list[PhasePeak] = []

        def after(phase: PhasePlan) -> None:
            sizes = [min(part.batch or step.batch, step.batch) for part in phase.passes if part.sampled]
            images = max(sizes, default=1)
            turns = -(-images // (self._rehearsal.plan.micro_batch or images))
            at_a_time = -(-images // turns)  # of a term's own batch micro-batches may be smaller
            by_kind, place = self._kinds.at_the_peak(), (self._storages.at, self._storages.backward)
            found.append(PhasePeak(phase.label, phase.every, at_a_time, by_kind, *place))
            self._told()

        self._rehearsal.take(step, self._before, after)
        if not self._rehearsal.steady:
            found.clear()
            self._rehearsal.take(step, self._before, after)
        for one in found:
            other = self._phases.setdefault(one.name, one)
            self._phases[one.name] = max(other, one, key=lambda phase: phase.bytes)

    def terms(self, step: Step) -> None:
        """Each term of a step's phases alone."""

        def after(phase: PhasePlan) -> None:
            ((term,),) = (part.terms for part in phase.passes)
            by_kind = self._kinds.at_the_peak()
            one = TermPeak(term.id, sum(by_kind.values()), by_kind["activations"])
            known = self._terms.setdefault(phase.label, {})
            known[term.id] = max(known.get(term.id, one), one, key=lambda peak: peak.bytes)
            self._told()

        self._rehearsal.take_terms(step, self._before, after)

    def found(self) -> tuple[PhasePeak, ...]:
        """In the order of a step."""
        return tuple(
            replace(phase, terms=tuple(self._terms.get(name, {}).values()))
            for name, phase in self._phases.items()
        )

    def _before(self, phase: PhasePlan) -> None:
        self._kinds.look()
        self._storages.measure()


class _Kinds:
    """What each storage holds: known before a phase, or a gradient after it; all others are activations."""

    def __init__(self, run: GameRun, storages: LiveStorages) -> None:
        self._run, self._storages = run, storages

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
        networks = self._run.game.networks.values()
        weights = [p for network in networks for p in network.parameters()]
        averages = self._run.game.averages.values()
        optimizers = self._run.optimizers.values()
        tensors: dict[str, Iterable[Tensor]] = {
            "activations": [],
            "buffers": [
                *(b for network in networks for b in network.buffers()),
                *self._run.states.values.values(),
                *(pool.rows for pool in self._run.pools.pools.values()),
            ],
            "average": [t for one in averages for t in (*one.parameters(), *one.buffers())],
            "optimizer": [t for one in optimizers for s in one.state.values() for t in s.values()],
            "gradients": [p.grad for p in weights if p.grad is not None],
            "parameters": weights,
        }
        return {kind: self._storages.numbers(found) for kind, found in tensors.items()}

"""The memory of a training run: asked of the cache, else measured on a step without numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gandsl.ir.game import GAME
from gandsl.ir.graph import Variant
from gandsl.memory import cache
from gandsl_runtime.peak_memory.figures import StagePeaks
from gandsl_runtime.plan import schedule

if TYPE_CHECKING:
    from types import CodeType

    from torch.fx import GraphModule

    from gandsl.frontend.module import ModuleIR
    from gandsl.ir.game import GameIR
    from gandsl.lowering.game import LoweredGame
    from gandsl_runtime.plan import Plan

Told = Callable[[int], None]  # how many phases are done


@dataclass(frozen=True)
class StepMemory:
    """A run's memory: every stage, smallest first, stable before fading."""

    device: str  # whose rules the step followed: cpu or cuda
    levels: tuple[StagePeaks, ...]

    @property
    def worst(self) -> StagePeaks:
        return max(self.levels, key=lambda level: level.penalty)


def memory_of(
    module: ModuleIR,
    device: str = "cpu",
    micro_batch: int | None = None,
    told: Told = lambda _: None,
    *,
    terms: bool = False,
) -> StepMemory:
    """What training by the module's plan takes, with its micro-batch or another, on a CPU or a GPU (`cuda`).

    Raises ValueError where there is no plan, or no game; ModuleNotFoundError where nothing is remembered and
    there is no torch.
    """
    if (found := known(module, device, micro_batch, terms=terms)) is not None:
        return found
    measured = _measured(with_micro_batch(module, micro_batch), device, told, terms)
    levels = tuple(sorted(measured, key=lambda level: (level.size or (0, 0), level.fading)))
    cache.keep(_key(module, device, micro_batch) + (TERMS if terms else ""), levels)
    return StepMemory(device, levels)


def known(
    module: ModuleIR, device: str = "cpu", micro_batch: int | None = None, *, terms: bool = False
) -> StepMemory | None:
    """The same where it was measured before; imports no torch, and measures nothing."""
    if cache.is_empty():
        return None
    key = _key(module, device, micro_batch)
    for more in (TERMS,) if terms else ("", TERMS):
        if (levels := cache.kept(key + more)) is not None:
            return StepMemory(device, levels)
    return None


def phases_of(module: ModuleIR, terms: bool = False) -> int:
    """About how many phases are measured, and terms of these."""
    plan, game = _played(module)
    rounds = 1 if plan.growth is None else 2
    found = 0
    for stage in schedule.stages(plan.growth, _sizes(module)):
        at = game.plan if stage.level is None else game.plan_at(Variant(stage.level, stage.fading))
        phases = at.phases(schedule.Clock())
        found += rounds * len(phases)
        found += sum(len(part.terms) for phase in phases for part in phase.passes) if terms else 0
    return found


def with_micro_batch(module: ModuleIR, micro_batch: int | None) -> ModuleIR:
    """The same networks, trained so many images at a time."""
    if micro_batch is None or module.plan is None:
        return module
    return replace(module, plan=module.plan.model_copy(update={"micro_batch": micro_batch}))


TERMS = "-terms"  # ends the name of what was measured with each term alone


def _key(module: ModuleIR, device: str, micro_batch: int | None) -> str:
    plan, game = _played(with_micro_batch(module, micro_batch))
    return cache.key(module.networks, game, plan, device)


def _played(module: ModuleIR) -> tuple[Plan, GameIR]:
    if module.plan is None or module.game is None:
        raise ValueError("memory is of a training run: it takes a plan and a game")
    return module.plan, module.game


def _sizes(module: ModuleIR) -> Sequence[tuple[int, ...]]:
    """The levels of a growing family."""
    return next((network.levels for network in module.networks.values() if network.levels), ())


def _measured(module: ModuleIR, device: str, told: Told, terms: bool) -> Iterator[StagePeaks]:
    from torch.fx import GraphModule

    from gandsl.api.program import Program
    from gandsl.lowering.network import LoweredNetwork
    from gandsl.passes.target import Target
    from gandsl_runtime.peak_memory.step import stage_peaks

    plan, _ = _played(module)
    program = Program(module, Target(device="cuda" if device == "cuda" else "cpu"))
    count = 0

    def another() -> None:
        nonlocal count
        count += 1
        told(count)

    def made() -> LoweredGame:
        assert program.game is not None  # which it was made for
        return program.game

    def programs() -> dict[CodeType, Mapping[int, str]]:
        game = made()
        found = [
            (name, program)
            for networks in (game.networks, game.averages)
            for name, network in networks.items()
            if isinstance(network, LoweredNetwork)
            for program, _ in network._programs.values()
        ]
        passes = (one.run for one in game._passes.values())
        found += [(GAME, program) for program in passes if isinstance(program, GraphModule)]
        return {
            code: {line: f"{name}.{id_}" for line, id_ in lines.items()}
            for name, program in found
            for code, lines in _lines(program)
        }

    yield from stage_peaks(plan, made, device, programs, another, terms=terms)


def _lines(module: GraphModule) -> Iterator[tuple[CodeType, dict[int, str]]]:
    """The code of a program and of the stages recomputed in it, with the id of each line's node."""
    from gandsl_runtime.layers.recomputed import Recomputed

    nodes = list(module.graph.nodes)
    lines = {line: nodes[node] for line, node in module._lineno_map.items() if node is not None}
    start = module._prologue_start
    yield type(module).forward.__code__, {start + n: x.meta["id"] for n, x in lines.items() if "id" in x.meta}
    for node in nodes:
        layer = module.get_submodule(node.target) if node.op == "call_module" else None
        if isinstance(layer, Recomputed):
            yield from _lines(layer.program)

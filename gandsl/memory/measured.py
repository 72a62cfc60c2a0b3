"""The memory of a training run: asked of the cache, else measured on a step without numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gandsl.memory import cache
from gandsl_runtime.peak_memory.figures import StagePeaks
from gandsl_runtime.plan import schedule

if TYPE_CHECKING:
    from types import CodeType

    from torch.fx import GraphModule

    from gandsl.frontend.module import ModuleIR
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
    module: ModuleIR, device: str = "cpu", micro_batch: int | None = None, told: Told = lambda _: None
) -> StepMemory:
    """What training by the module's plan takes, with its micro-batch or another, on a CPU or a GPU (`cuda`).

    Raises ValueError where there is no plan, or no generator and discriminator; ModuleNotFoundError where
    nothing is remembered and there is no torch.
    """
    if (found := known(module, device, micro_batch)) is not None:
        return found
    measured = _measured(with_micro_batch(module, micro_batch), device, told)
    levels = tuple(sorted(measured, key=lambda level: (level.size or (0, 0), level.fading)))
    cache.keep(_key(module, device, micro_batch), levels)
    return StepMemory(device, levels)


def known(module: ModuleIR, device: str = "cpu", micro_batch: int | None = None) -> StepMemory | None:
    """The same where it was measured before; imports no torch, and measures nothing."""
    levels = cache.kept(_key(module, device, micro_batch))
    return None if levels is None else StepMemory(device, levels)


def phases_of(module: ModuleIR) -> int:
    """About how many phases are measured."""
    plan, generator = _trained(module)
    kinds = 2 + sum(len(schedule.lazy_intervals(plan, side)) for side in ("generator", "discriminator"))
    rounds = 1 if plan.growth is None else 2
    return kinds * rounds * len(schedule.stages(plan.growth, generator.levels))


def with_micro_batch(module: ModuleIR, micro_batch: int | None) -> ModuleIR:
    """The same networks, trained so many images at a time."""
    if micro_batch is None or module.plan is None:
        return module
    return replace(module, plan=module.plan.model_copy(update={"micro_batch": micro_batch}))


def _key(module: ModuleIR, device: str, micro_batch: int | None) -> str:
    plan, _ = _trained(with_micro_batch(module, micro_batch))
    return cache.key(module.networks, plan, device)


def _trained(module: ModuleIR) -> tuple[Plan, Any]:
    if module.plan is None or not {"generator", "discriminator"} <= set(module.networks):
        raise ValueError("memory is of a training run: it takes a plan, a generator and a discriminator")
    return module.plan, module.networks["generator"]


def _measured(module: ModuleIR, device: str, told: Told) -> Iterator[StagePeaks]:
    from gandsl.api.program import Program
    from gandsl.passes.target import Target
    from gandsl_runtime.peak_memory.step import stage_peaks

    plan, _ = _trained(module)
    program = Program(module, Target(device="cuda" if device == "cuda" else "cpu"))
    count = 0

    def another() -> None:
        nonlocal count
        count += 1
        told(count)

    def programs() -> dict[CodeType, Mapping[int, str]]:
        networks = {"generator": program.generator, "discriminator": program.discriminator}
        return {
            code: {line: f"{name}.{id_}" for line, id_ in lines.items()}
            for name, network in networks.items()
            for module, _ in network._programs.values()
            for code, lines in _lines(module)
        }

    yield from stage_peaks(
        plan, lambda: (program.generator, program.discriminator), device, programs, another
    )


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

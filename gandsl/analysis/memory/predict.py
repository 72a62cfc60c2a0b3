"""Predictions by level: the peak of each phase, and of a plain and a penalty step."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gandsl.analysis.memory.training import Match, PhaseMemory
from gandsl.ir.graph import NetworkIR, Variant
from gandsl_runtime.plan import Plan

if TYPE_CHECKING:
    from gandsl.frontend.module import ModuleIR


NOTHING: Mapping[str, Collection[str]] = {}


@dataclass(frozen=True)
class LevelMemory:
    """One program of a family (or the one there is), with its batch."""

    size: tuple[int, int] | None  # (h, w) of a level that grows
    fading: bool
    batch: int
    micro_batch: int
    phases: tuple[PhaseMemory, ...]

    @property
    def plain(self) -> int:
        """Bytes at the fullest moment of a step without lazy penalties."""
        return max(phase.peak.bytes for phase in self.phases if phase.every == 1)

    @property
    def penalty(self) -> int:
        """Bytes at the fullest moment of a step in which every phase is due."""
        return max(phase.peak.bytes for phase in self.phases)

    @property
    def fullest(self) -> PhaseMemory:
        return max(self.phases, key=lambda phase: phase.peak.bytes)


@dataclass(frozen=True)
class Memory:
    """A run's memory: every level, smallest first, stable before fading into the next."""

    levels: tuple[LevelMemory, ...]

    @property
    def worst(self) -> LevelMemory:
        return max(self.levels, key=lambda level: level.penalty)


def memory_of(
    module: ModuleIR, micro_batch: int | None = None, checkpointed: Mapping[str, Collection[str]] = NOTHING
) -> Memory:
    """What training by the module's plan takes, with its micro-batch or another.

    Networks are taken as they are: casts of the plan's precision have to be in them. `checkpointed`: ids of
    the stages, by network, whose features are not kept. Raises ValueError where there is no plan, or no
    generator and discriminator.
    """
    plan, networks = module.plan, module.networks
    if plan is None or not {"generator", "discriminator"} <= set(networks):
        raise ValueError("memory is of a training run: it takes a plan, a generator and a discriminator")
    levels = networks["generator"].levels
    found = []
    for variant in sorted(_trained(networks, plan)):
        size = levels[variant.level] if levels and plan.growth else None
        batch = plan.growth.batch.get(max(size), plan.batch) if plan.growth and size else plan.batch
        micro = min(micro_batch or plan.micro_batch or batch, batch)
        match = Match.of(networks, plan, variant, batch, micro, checkpointed)
        found.append(LevelMemory(size, variant.fading, batch, micro, match.phases()))
    return Memory(tuple(found))


def _trained(networks: Mapping[str, NetworkIR], plan: Plan) -> list[Variant]:
    """The programs that the plan trains: all from the first level of its growth on, else the last."""
    network = networks["generator"]
    if plan.growth is None or not network.levels:
        return [max(variant for variant in network.programs if not variant.fading)]
    first = plan.growth.first_level(network.levels)
    fades = plan.growth.fade.number > 0
    return [
        v
        for v in network.programs
        if (v.level > first or (v.level == first and not v.fading)) and (fades or not v.fading)
    ]

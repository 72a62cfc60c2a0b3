"""The largest micro-batch that a memory holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gandsl.analysis import batch_rules
from gandsl.analysis.facts import RuleInput
from gandsl.analysis.memory.predict import NOTHING, Memory, memory_of

if TYPE_CHECKING:
    from gandsl.frontend.module import ModuleIR

RULES = (batch_rules.batch_splits, batch_rules.batch_fits_groups, batch_rules.batch_norm_has_several)


@dataclass(frozen=True)
class Proposal:
    """What was found for `budget` bytes: the largest micro-batch that fits, else the smallest allowed."""

    budget: int
    micro_batch: int
    memory: Memory

    @property
    def fits(self) -> bool:
        return self.memory.worst.penalty <= self.budget


def allowed(module: ModuleIR) -> list[int]:
    """The micro-batches that the plan may have, the largest first: they divide every batch, and hold whole
    groups of minibatch statistics. The first is the batch itself."""
    plan = module.plan
    assert plan is not None
    largest = max([plan.batch, *(plan.growth.batch.values() if plan.growth else ())])
    found = []
    for size in range(largest, 0, -1):
        if largest % size == 0:
            other = replace(module, plan=plan.model_copy(update={"micro_batch": size}))
            if not any(True for rule in RULES for _ in rule(RuleInput(other))):
                found.append(size)
    return found


def propose(module: ModuleIR, budget: int, checkpointed: Mapping[str, Collection[str]] = NOTHING) -> Proposal:
    """The largest micro-batch whose fullest step stays within `budget` bytes. Raises as `memory_of`.

    Memory grows with the micro-batch, so that halving the choices finds it.
    """
    sizes = allowed(module)
    low, high = 0, len(sizes) - 1
    while low < high:
        middle = (low + high) // 2
        if memory_of(module, sizes[middle], checkpointed).worst.penalty <= budget:
            high = middle
        else:
            low = middle + 1
    return Proposal(budget, sizes[low], memory_of(module, sizes[low], checkpointed))

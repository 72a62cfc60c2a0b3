"""The largest micro-batch that fits into a memory, found by measuring a few.

What a phase takes is affine in the images at a time: tensors of the batch, and the rest. So two sizes say
what all between them take, if a third that lies between them agrees; where it does not, more are measured.
The whole batch is no such size: a single part is computed before there are gradients, later parts beside
them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gandsl.memory.measured import StepMemory

if TYPE_CHECKING:
    from gandsl.frontend.module import ModuleIR

CLOSE = 1e-3  # relative: so near to a line is on it

Peak = Callable[[int], int]  # micro-batch → bytes of its fullest step


@dataclass(frozen=True)
class Proposal:
    """What was found for `budget` bytes: the largest micro-batch that fits, else the smallest allowed."""

    budget: int
    micro_batch: int
    peak: int  # bytes of its fullest step

    @property
    def fits(self) -> bool:
        return self.peak <= self.budget


def allowed(module: ModuleIR) -> list[int]:
    """The micro-batches that the plan may have, the largest first: they divide every batch, and hold whole
    groups of minibatch statistics. The first is the batch itself."""
    from gandsl.analysis import batch_rules
    from gandsl.analysis.facts import RuleInput
    from gandsl.analysis.game import checks as games
    from gandsl.diagnostics import Diagnostics

    plan = module.plan
    assert plan is not None
    largest = max([plan.batch, *(plan.growth.batch.values() if plan.growth else ())])
    found = []
    for size in range(largest, 0, -1):
        if largest % size == 0:
            facts = RuleInput(replace(module, plan=plan.model_copy(update={"micro_batch": size})))
            refused = Diagnostics()
            refused.extend(batch_rules.batch_splits(facts))
            games.ask(games.OF_BATCHES, facts, module, refused)
            if not refused:
                found.append(size)
    return found


def propose(module: ModuleIR, budget: int, measured: Callable[[int], StepMemory]) -> Proposal:
    """The largest micro-batch whose fullest step stays within `budget` bytes.

    measured: the module's memory with another micro-batch. Raises as that.
    """

    def peak(size: int) -> int:
        return measured(size).worst.penalty

    sizes = allowed(module)
    if (whole := peak(sizes[0])) <= budget or len(sizes) == 1:
        return Proposal(budget, sizes[0], whole)
    return Proposal(budget, *largest(sizes[1:], budget, peak))


def largest(sizes: list[int], budget: int, peak: Peak) -> tuple[int, int]:
    """Of falling sizes the first within the budget, else the last; and its bytes, which fall as sizes do."""
    known = {size: peak(size) for size in dict.fromkeys((sizes[-1], sizes[0]))}
    while True:
        fits = [size for size in sizes if known.get(size, budget + 1) <= budget]
        low = fits[0] if fits else None
        if low is None and known[sizes[-1]] > budget:
            return sizes[-1], known[sizes[-1]]
        assert low is not None  # the smallest, at least
        high = min((size for size in known if known[size] > budget), default=None)
        between = [size for size in sizes if low < size < (high or 0)]
        if high is None or not between:
            return low, known[low]
        guess = next((s for s in between if on_the_line(known, low, high, s) <= budget), between[-1])
        expected = on_the_line(known, low, high, guess)
        known[guess] = peak(guess)
        if abs(known[guess] - expected) <= CLOSE * expected:  # a line: so it is for all between
            best = next((s for s in between if on_the_line(known, low, high, s) <= budget), low)
            return best, known.get(best) or round(on_the_line(known, low, high, best))


def on_the_line(known: dict[int, int], low: int, high: int, size: int) -> float:
    """What a size takes if both others and it are on a line."""
    return known[low] + (known[high] - known[low]) * (size - low) / (high - low)

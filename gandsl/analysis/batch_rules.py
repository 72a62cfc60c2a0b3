"""The batches of a plan, and how they are split."""

from __future__ import annotations

from collections.abc import Iterator

from gandsl.analysis.facts import RuleInput
from gandsl.diagnostics import Diagnostic, Label


def batches(facts: RuleInput) -> list[tuple[str, int, int | None]]:
    """Every batch of the plan: the field it stands in, its size, and its level (None: all others)."""
    plan = facts.plan
    if plan is None:
        return []
    if plan.growth is None or not facts.sizes:
        return [("batch", plan.batch, None)]
    longer = [max(size) for size in facts.sizes]
    own = plan.growth.batch
    found: list[tuple[str, int, int | None]] = [
        (f"growth.batch.{key}", size, longer.index(key)) for key, size in own.items() if key in longer
    ]
    return found if set(longer) <= set(own) else [("batch", plan.batch, None), *found]


def batch_splits(facts: RuleInput) -> Iterator[Diagnostic]:
    """G0618: micro-batches of equal size, so that batch statistics and averages mean the same in each."""
    plan = facts.plan
    if plan is None or plan.micro_batch is None:
        return
    micro = plan.micro_batch
    for path, size, _ in batches(facts):
        if size > micro and size % micro:
            yield Diagnostic(
                "G0618",
                f"a batch of {size} cannot be split into micro-batches of {micro}",
                facts.value("micro_batch"),
                secondary=(Label(facts.value(path), "the batch"),),
                help=f"take a batch of {size - size % micro}, or a micro-batch that divides {size}",
            )

"""Rules about batches: how they are split, and the ops that need a batch of some size."""

from __future__ import annotations

from collections.abc import Iterator

from gandsl.analysis.facts import TRAINED, RuleInput, label, place
from gandsl.analysis.plan_rules import active
from gandsl.diagnostics import Diagnostic, Label
from gandsl.ir.graph import Node
from gandsl.ir.op import Trait


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


def batch_fits_groups(facts: RuleInput) -> Iterator[Diagnostic]:
    """G0611: D sees what a process does at a time (real and generated images joined, if so planned)."""
    plan = facts.plan
    if plan is None:
        return
    joint = 2 if plan.discriminator_passes == "joint" else 1
    for path, size, level in batches(facts):
        own = max(size // facts.processes, 1)
        seen = min(plan.micro_batch or own, own)
        for node in _statistics(facts, level):
            group = node.attrs[node.spec.group]
            odd = [part for part in sorted({seen, seen * joint}) if group and part % min(group, part)]
            if odd:
                where = "micro_batch" if seen < own else path
                yield Diagnostic(
                    "G0611",
                    f"`{node.id}` cannot split {odd[0]} images"
                    + (" of a process" if facts.processes > 1 else "")
                    + f" into groups of {min(group, odd[0])}",
                    facts.value(where),
                    secondary=(label(node, f"groups of {group}"),),
                    help=f"take a multiple of {group}, or another group",
                )
                break


def _statistics(facts: RuleInput, level: int | None) -> list[Node]:
    nodes = {
        node.id: node
        for variant, graph in facts.programs("discriminator").items()
        for node in graph
        if node.spec.group and level in (None, variant.level)
    }
    return list(nodes.values())


def samples_stand_alone(facts: RuleInput) -> Iterator[Diagnostic]:
    """G0623: an op of the generator that couples samples in evaluation too; batch norm does not."""
    for node in facts.nodes_with("generator", Trait.BATCH_COUPLED):
        if not node.spec.has(Trait.BATCH_NORMALIZED):
            yield Diagnostic(
                "G0623",
                f"`{node.id}` ({node.op}) makes an image depend on those that are generated beside it",
                place(node),
                help="statistics of a batch belong in the discriminator: take it out of the generator",
            )


def batch_norm_has_several(facts: RuleInput) -> Iterator[Diagnostic]:
    """G0640: what is normalized over the batch has more than one number at a time: one has no variance."""
    plan = facts.plan
    if plan is None:
        return
    sizes = [(name, *batch) for name in TRAINED for batch in batches(facts)]
    path_length = plan.regularizers.path_length
    if active(plan, ("path_length",)) and path_length and path_length.batch:
        sizes.append(("generator", "regularizers.path_length.batch", path_length.batch, None))
    together = facts.processes if plan.synchronize.batch_norm else 1
    for name, path, size, level in sizes:
        own = -(-size // facts.processes)
        turns = -(-own // min(plan.micro_batch or own, own))
        if size // (turns * facts.processes) * together > 1:
            continue
        for node in _normalized_alone(facts, name, level):
            where = "micro_batch" if turns > 1 else path
            yield Diagnostic(
                "G0640",
                f"`{node.id}` normalizes over the batch, and is given one number for each channel at a time",
                facts.value(where),
                secondary=(label(node, f"of a {node.type}"),),
                help="train on two images or more at a time, or normalize each image (`layer_norm`)",
            )
            return


def _normalized_alone(facts: RuleInput, name: str, level: int | None) -> Iterator[Node]:
    """Nodes that normalize over the batch, and have one number for each channel of a sample."""
    for variant, graph in facts.programs(name).items():
        if level in (None, variant.level):
            for node in graph:
                if node.spec.has(Trait.BATCH_NORMALIZED) and node.type.elements == node.type.shape[0]:
                    yield node

"""Lints: warnings of what is legal and known to train badly. The code table has each one's paper (W072x)."""

from __future__ import annotations

from collections.abc import Iterator

from gandsl.analysis.batch_rules import batches
from gandsl.analysis.facts import RuleInput, between, consumers, in_library, label, place
from gandsl.diagnostics import Diagnostic, Label
from gandsl.ir.graph import Graph, Node
from gandsl.ir.op import Trait, each_side
from gandsl.ir.ops.border import size_text
from gandsl.ir.types import PICTURES

_NETWORKS = ("generator", "discriminator")
SMALL_BATCH = 16
LARGE_BETA = 0.5


def small_batch(facts: RuleInput) -> Iterator[Diagnostic]:
    """W0722."""
    norms = [
        node for name in facts.module.networks for node in facts.nodes_with(name, Trait.BATCH_NORMALIZED)
    ]
    plan = facts.plan
    for path, size, _ in batches(facts) if norms else ():
        seen = min(plan.micro_batch or size, size) if plan else size
        if seen < SMALL_BATCH:
            yield Diagnostic(
                "W0722",
                f"batch normalization over {seen} images is noisy",
                facts.value("micro_batch" if seen < size else path),
                secondary=(label(norms[0]),),
                help=f"take {SMALL_BATCH} or more, or use group, layer or instance normalization",
            )
            return


def large_beta(facts: RuleInput) -> Iterator[Diagnostic]:
    """W0723."""
    if facts.plan is None:
        return
    said: set[str] = set()
    for side in _NETWORKS:
        place, own = facts.plan.changes_of(side)
        path = place if own and own.betas is not None else "optimizer"
        beta = getattr(facts.plan.optimizer_of(side), "betas", (0.0, 0.0))[0]
        largest = beta if isinstance(beta, int | float) else max(max(one) for one in beta.named.values())
        if largest > LARGE_BETA and path not in said:
            said.add(path)
            yield Diagnostic(
                "W0723",
                f"a beta1 of {largest:g} makes the two networks oscillate",
                facts.value(f"{path}.betas"),
                help="use 0 or 0.5: `betas: [0.0, 0.99]`",
            )


def _written(facts: RuleInput) -> Iterator[tuple[Graph, Node]]:
    """The nodes of the networks that stand in the user's own text, one for each line."""
    seen = set()
    for name in facts.module.networks:
        for graph, node in facts.nodes(name):
            span = node.provenance.span
            if not in_library(span) and span not in seen:
                seen.add(span)
                yield graph, node


def uneven_overlap(facts: RuleInput) -> Iterator[Diagnostic]:
    """W0724."""
    for graph, node in _written(facts):
        stride = {"conv_transpose": "stride", "modulated_conv": "up"}.get(node.op)
        if stride is None or node.attrs[stride] == 1:
            continue
        kernel, step = (each_side(node.attrs[name], len(node.type.sides)) for name in ("kernel", stride))
        blurred = any(reader.op == "fir" for reader in consumers(graph, node.id))
        if not blurred and any(taps % by for taps, by in zip(kernel, step, strict=True)):
            yield Diagnostic(
                "W0724",
                f"`{node.id}` overlaps unevenly: a kernel of {size_text(kernel)} is no multiple of the stride"
                f" {size_text(step)}",
                place(node),
                help="use a kernel that the stride divides, put `fir` behind it, or upsample, then convolve",
            )


def bias_before_batch_norm(facts: RuleInput) -> Iterator[Diagnostic]:
    """W0725."""
    for graph, node in _written(facts):
        if not node.attrs.get("bias") and node.op != "bias":
            continue
        uses = [one.id for one in graph if one.layer == node.layer]
        readers = [reader for id_ in uses for reader in consumers(graph, id_)]
        if readers and all(reader.op == "batch_norm" for reader in readers):
            yield Diagnostic(
                "W0725",
                f"`{node.id}` adds a bias that `{readers[0].id}` subtracts again",
                place(node),
                secondary=(label(readers[0]),),
                help="delete it" if node.op == "bias" else "set `bias: false`",
            )


def batch_norm_at_the_image(facts: RuleInput) -> Iterator[Diagnostic]:
    """W0726: batch normalization that belongs to the layer at the image."""
    for name, end in (("generator", "output"), ("discriminator", "input")):
        network = facts.network(name)
        norm = _nearest_norm(network.main, name) if network else None
        if norm:
            yield Diagnostic(
                "W0726",
                f"`{norm.id}` normalizes the {name}'s {end} layer over the batch",
                place(norm),
                help="leave the normalization out of this layer",
            )


def _nearest_norm(graph: Graph, name: str) -> Node | None:
    """The batch normalization behind the first weight of D, or behind the last of G."""
    images = [node.id for node in graph.inputs if node.type.kind in PICTURES]
    way = list(between(graph, images if name == "discriminator" else [node.id for node in graph.inputs]))
    passed = 0 if name == "discriminator" else 1
    for node in way if name == "discriminator" else reversed(way):
        if node.spec.has(Trait.BATCH_NORMALIZED):
            return node
        passed += node.spec.has(Trait.WEIGHTED)
        if passed > 1:
            return None
    return None


def labels_for_one(facts: RuleInput) -> Iterator[Diagnostic]:
    """W0728. (The other way round is an error, G0604.)"""
    given = facts.labels("generator")
    told = facts.labels("discriminator") or (facts.plan and facts.plan.auxiliary)
    if given and facts.network("discriminator") and not told:
        yield Diagnostic(
            "W0728",
            f"the generator is given the class `{given.id}`, but the discriminator does not see it",
            given.provenance.span,
            secondary=(Label(facts.declared("discriminator").span, "no Label among its inputs"),),
            help=f'add `{given.id}: "{given.type}"` to the discriminator\'s inputs',
        )

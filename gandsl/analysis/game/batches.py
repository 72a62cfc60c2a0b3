"""What of a game is wrong with its batches: ops that need so many samples, or that see the others."""

from __future__ import annotations

from collections.abc import Iterator

from gandsl.analysis.batch_rules import batches
from gandsl.analysis.facts import RuleInput, label, place
from gandsl.analysis.game.played import Played, PlayedPass
from gandsl.analysis.game.slices import CallSlice
from gandsl.diagnostics import Diagnostic, Span
from gandsl.diagnostics.articles import a
from gandsl.ir.graph import Node
from gandsl.ir.op import Trait
from gandsl.records import dataclass


@dataclass(frozen=True)
class Share:
    """What a process computes at a time in a pass."""

    size: int  # of the batch, over all processes
    seen: int
    turns: int  # micro-batches
    span: Span  # of the number to be changed


def share(played: Played, one: PlayedPass) -> Share | None:
    """Of a pass; None without a plan."""
    facts, plan, written = played.facts, played.facts.plan, one.one.part.batch
    if plan is None:
        return None
    path, _ = _batch(facts, played.variant.level)
    size = batch_of(played, one)
    own = -(-size // facts.processes)
    turns = -(-own // min(plan.micro_batch or own, own))
    of_term = played.field(one.one.terms[0], "batch") if written is not None and one.one.terms else None
    span = facts.value("micro_batch") if turns > 1 else of_term or facts.value(path)
    return Share(size, -(-own // turns), turns, span)


def batch_of(played: Played, one: PlayedPass) -> int:
    """The samples of a pass over all processes: as written, and no more than a step's."""
    size = _batch(played.facts, played.variant.level)[1] if played.facts.plan else 1
    return min(one.one.part.batch or size, size)


def _batch(facts: RuleInput, level: int) -> tuple[str, int]:
    """The field of the plan that gives the batch of a level, and its number."""
    found = {of: (path, size) for path, size, of in batches(facts)}
    return found.get(level) or found.get(None) or next(iter(found.values()))


def groups_fit(played: Played) -> Iterator[Diagnostic]:
    """G0611: what is compared in groups comes in whole ones; joined batches count together."""
    for one in played.passes:
        part = share(played, one)
        for call in one.one.calls.values() if part else ():
            assert part is not None
            images = part.seen * _times(one, call)
            for node in _layers(one, call):
                group = node.attrs[node.spec.group] if node.spec.group else 0
                if group and images % min(group, images):
                    yield Diagnostic(
                        "G0611",
                        f"`{node.id}` cannot split {images} images"
                        + (" of a process" if played.facts.processes > 1 else "")
                        + f" into groups of {min(group, images)}",
                        part.span,
                        secondary=(label(node, f"groups of {group}"), played.label(call.id, "in this call")),
                        help=f"take a multiple of {group}, or another group",
                    )
                    break


def norms_have_several(played: Played) -> Iterator[Diagnostic]:
    """G0640: what is normalized over the batch has more than one number at a time."""
    plan = played.facts.plan
    for one in played.passes:
        part = share(played, one)
        for call in one.one.calls.values() if part and plan else ():
            assert part is not None and plan is not None
            together = played.facts.processes if plan.synchronize.batch_norm else 1
            if part.seen * together * _times(one, call) > 1:
                continue
            for node in _layers(one, call):
                if node.spec.has(Trait.BATCH_NORMALIZED) and node.type.elements == node.type.shape[0]:
                    yield Diagnostic(
                        "G0640",
                        f"`{node.id}` normalizes over the batch, and is given one number for each channel"
                        " at a time",
                        part.span,
                        secondary=(label(node, f"of {a(node.type)}"),),
                        help="train on two images or more at a time, or normalize each image (`layer_norm`)",
                    )
                    return


def shown_stand_alone(played: Played) -> Iterator[Diagnostic]:
    """G0623: what is shown depends on what is generated beside it, in evaluation too."""
    ends = [("", id_) for id_ in played.plan.shows if id_ in played.graph.nodes]
    for layer in played.whole.upstream(ends):
        node = played.whole.node(layer)
        if layer[0] and node.spec.couples_statistics:
            yield Diagnostic(
                "G0623",
                f"`{node.id}` ({node.op}) makes an image depend on those that are generated beside it",
                place(node),
                help="statistics of a batch are for what judges: take it out of what is shown",
            )


def _times(one: PlayedPass, call: CallSlice) -> int:
    """How many batches were joined for a call."""
    graph = one.one.whole.graph
    return max((graph[id_].type.times for id_ in call.given.values() if graph[id_].type.sampled), default=1)


def _layers(one: PlayedPass, call: CallSlice) -> list[Node]:
    graph = one.one.whole.calls[call.id].graph
    return [graph[id_] for id_ in call.layers]

"""What is wrong with gradients that a game takes: ways that there are not, ops that don't suit them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gandsl.analysis.facts import label, library_block, place
from gandsl.analysis.game.played import Played, PlayedPass
from gandsl.analysis.game.sought import lacks_a_second, normalizes
from gandsl.analysis.game.tracked import on_the_way
from gandsl.analysis.game.whole import Place
from gandsl.diagnostics import Diagnostic, Label
from gandsl.frontend.short_form.table import void_across_batches
from gandsl.ir.graph import Node


def gradients_have_a_way(played: Played) -> Iterator[Diagnostic]:
    """G0672: the gradient of what does not depend on what it is taken by."""
    for one in played.passes:
        for gradient, of, by in without_a_way(one):
            yield Diagnostic(
                "G0672",
                f"`{of[1]}` does not depend on `{_written(one, by)}`: its gradient by that is 0",
                played.node(gradient[1]),
                secondary=(played.label(by[1]),),
                help="`by` is what `of` is computed from, with no `stop_gradient` on the way",
            )


def _written(one: PlayedPass, by: Place) -> str:
    """What a gradient is taken by, as it is written: a node's name, weights as the function of them."""
    node = one.one.whole.node(by)
    if node.op != "weights":
        return by[1]
    network, path, skip = (node.attrs[name] for name in ("network", "path", "skip"))
    return f"weight({network}.{path})" if path else f"weights({', '.join((network, *map(repr, skip)))})"


def without_a_way(one: PlayedPass) -> Iterator[tuple[Place, Place, Place]]:
    """Gradients, what they are of, and what of their `by` stands not above it."""
    for gradient in one.flow.gradients:
        of = one.flow.of(gradient)
        reached = one.flow.above([of])
        yield from ((gradient, of, by) for by in one.flow.by(gradient) if by not in reached)


def twice_differentiable(played: Played) -> Iterator[Diagnostic]:
    """G0608: what differentiates a gradient again needs second derivatives of all on its way."""
    for one in played.passes:
        for gradient in one.twice:
            if hard := _passed(one, gradient, lacks_a_second):
                (call, id_), subject = hard[0], played.subject(gradient)
                where = f"`{one.one.calls[call].network}`" if call else "the game"
                yield Diagnostic(
                    "G0608",
                    f"`{subject.name}` differentiates {where} twice, and `{id_}`"
                    f" ({one.one.whole.node(hard[0]).op}) has no second derivative",
                    subject.span,
                    secondary=_labels(one, hard),
                    help="replace the op, or let no term depend on this gradient",
                )


def penalties_are_valid(played: Played) -> Iterator[Diagnostic]:
    """G0605: a gradient of each sample alone through batch normalization, where that makes its term void."""
    for one in played.passes:
        for gradient, norms in _through_norms(one):
            subject = played.subject(gradient)
            if library_block(played.graph[gradient]) in void_across_batches():
                yield Diagnostic(
                    "G0605",
                    f"`{subject.name}` is not valid across `{norms[0][1]}`, which normalizes over the batch",
                    subject.span,
                    secondary=_labels(one, norms),
                    help="use layer, instance or group normalization there, or none",
                )


def norms_under_gradients(played: Played) -> Iterator[Diagnostic]:
    """W0720: the same, where what the term says is another thing."""
    for one in played.passes:
        for gradient, norms in _through_norms(one):
            subject = played.subject(gradient)
            yield Diagnostic(
                "W0720",
                f"`{subject.name}` is taken for each sample alone, but `{norms[0][1]}` normalizes over the"
                " batch",
                subject.span,
                secondary=_labels(one, norms),
                help="use layer, instance or group normalization there, or none",
            )


def _through_norms(one: PlayedPass) -> Iterator[tuple[str, list[Place]]]:
    """Gradients that are meant for each sample alone, and what couples the samples on their way."""
    for gradient in one.flow.gradients:
        sampled = one.one.whole.node(one.flow.of(gradient)).type.sampled
        if sampled and (norms := _passed(one, gradient[1], normalizes)):
            yield gradient[1], norms


def _passed(one: PlayedPass, gradient: str, kind: Callable[[Node], bool]) -> list[Place]:
    """What of a kind a gradient passes."""
    found = [where for where in one.flow.places if kind(one.one.whole.node(where))]
    passed = on_the_way(one.flow, ("", gradient)) if found else frozenset()
    return [where for where in found if where in passed]


def _labels(one: PlayedPass, places: list[Place], most: int = 3) -> tuple[Label, ...]:
    """The different lines that nodes come from."""
    nodes = [one.one.whole.node(where) for where in places]
    unlike = {place(node): node for node in reversed(nodes)}
    return tuple(label(node) for node in reversed(unlike.values()))[:most]

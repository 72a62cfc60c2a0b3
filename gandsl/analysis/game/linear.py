"""Which means are of a process's own samples: those in which all that a pass computes is linear.

The gradients of processes are summed, each by its share, and so is what states hear. So what is linear in a
mean is right with that of the own samples; all else takes the mean over all processes, and couples the
samples of a micro-batch. The coefficients of what is linear are the same on every process: numbers, states,
draws of a whole batch, weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gandsl.analysis.game.derivative import uses
from gandsl.analysis.game.slices import PassIR, roots
from gandsl.analysis.game.whole import Place, Whole
from gandsl.ir.op import Trait
from gandsl_runtime.plan.game import Term


def over_all(one: PassIR) -> frozenset[str]:
    """Ids of the means that are taken over all processes."""
    found = _not_linear(one, one.terms, map(one.at, one.heard))
    means = (id_ for id_ in found if one.whole.graph[id_].op == "mean")
    return frozenset(id_ for id_ in means if one.whole.graph[id_].attrs["processes"] == "all")


def coupling(one: PassIR) -> dict[str, tuple[str, ...]]:
    """By term that couples the samples of a micro-batch: the means in which it is not linear, slopes, pairs.

    By weights the gradient of a Number is the sum over the samples of a micro-batch.
    """
    found = {term.id: _not_linear(one, [term]) | _pairs(one, term) for term in one.terms}
    return {term: tuple(id_ for id_ in one.nodes if id_ in means) for term, means in found.items() if means}


def coupled_heard(one: PassIR) -> dict[str, tuple[str, ...]]:
    """By value that a state hears, and that couples the samples of a micro-batch: as of terms."""
    found = {node: _not_linear(one, (), [one.at(node)]) for node in one.heard}
    return {node: tuple(id_ for id_ in one.nodes if id_ in means) for node, means in found.items() if means}


def _pairs(one: PassIR, term: Term) -> set[str]:
    """What of the game itself that a term depends on lets samples see each other."""
    above = one.whole.upstream(("", root) for root in roots(term))
    nodes = (one.whole.graph[id_] for call, id_ in above if not call)
    told = ("mean", "shuffle")  # elsewhere
    return {node.id for node in nodes if node.op not in told and node.spec.has(Trait.BATCH_COUPLED)}


def linear_in(one: PassIR, term: Term) -> frozenset[Place]:
    """What a term depends on linearly, by coefficients that no weight or sample has a part in."""
    numbers = {where for where in one.places if one.whole.node(where).op in ("clock", "fade", "state")}
    found = _linear(one, [term], (), set(one.places) - numbers)
    return frozenset(where for where, straight in found.items() if straight)


def _not_linear(one: PassIR, terms: Sequence[Term], heard: Iterable[str] = ()) -> set[str]:
    """The means in which a term, or what is heard, is not linear; and sums over samples, by weights."""
    found = _linear(one, terms, heard, _varying(one.whole, one.places))
    means = {
        where[1] for where, straight in found.items() if not straight and one.whole.node(where).op == "mean"
    }
    return means | {where[1] for where in found if _adds_up_samples(one.whole, where)}


def _adds_up_samples(whole: Whole, place: Place) -> bool:
    """Whether a node is the gradient of Numbers by weights."""
    if whole.node(place).op != "gradient":
        return False
    of, by = (whole.reads(place)[port] for port in ("of", "by"))
    return whole.node(of[0]).type.sampled and any(whole.node(one).op == "weights" for one in by)


def _linear(
    one: PassIR, terms: Sequence[Term], heard: Iterable[str], varying: set[Place]
) -> dict[Place, bool]:
    """What terms, or what is heard, depend on, and whether linearly in every way.

    `varying`: what is no coefficient.
    """
    places = one.places
    linear: dict[Place, bool] = {("", node): True for node in heard}  # what is read → whether linearly
    for term in terms:
        ends = [("", root) for root in roots(term)]
        for end in ends:
            others = [other for other in ends if other != end]
            linear[end] = linear.get(end, True) and varying.isdisjoint(others) and len(set(ends)) == len(ends)
    for place in reversed(places):
        if place not in linear:
            continue
        for port, operands in one.whole.reads(place).items():
            straight = linear[place] and _is_linear(one.whole, place, port, varying)
            for operand in operands:
                linear[operand] = linear.get(operand, True) and straight
    return linear


def _is_linear(whole: Whole, place: Place, port: str, varying: set[Place]) -> bool:
    """Whether a node is linear in a port, by coefficients that are the same for all samples."""
    node = whole.node(place)
    if node.op == "gradient":  # by weights it is that of all processes
        return port == "of" and all(whole.node(by).op == "weights" for by in whole.reads(place)["by"])
    if node.spec.has(Trait.CONSTANT) or node.spec.has(Trait.RANDOM):
        return False
    return uses(whole, place, port)[0].isdisjoint(varying)


def _varying(whole: Whole, places: Iterable[Place]) -> set[Place]:
    """What differs from sample to sample, or from process to process while means are of their own samples."""
    found: set[Place] = set()
    for place in places:
        node = whole.node(place)
        if node.op in ("item", "kept"):
            differs = True
        elif node.op == "draw":
            differs = node.attrs["per"] == "sample"
        else:
            operands = [one for ones in whole.reads(place).values() for one in ones]
            differs = any(one in found for one in operands) or (
                bool(operands) and node.spec.has(Trait.RANDOM)
            )
        if differs:
            found.add(place)
    return found

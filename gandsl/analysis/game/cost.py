"""What a pass of a game costs: multiply-adds and kept numbers of one sample, by place, from its slice.

Eager autograd is what is modelled, as in `gandsl.analysis.autodiff`: a product y = a·b costs as much again
for each operand that needs a gradient. A gradient inside does so for what lies between its ends; where it is
differentiated again, the product ga = gy·b costs one more for gy and for b, each where it is tracked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property

from gandsl.analysis.autodiff import overwritten, readers_of
from gandsl.analysis.game.played import PlayedPass
from gandsl.analysis.game.slices import PassIR, roots
from gandsl.analysis.game.whole import Place
from gandsl.ir.graph import Node
from gandsl.ir.op import WEIGHT, Product
from gandsl.records import dataclass
from gandsl_runtime.plan.game import Term


@dataclass(frozen=True)
class PassCost:
    """Of one pass, by network and node; the game's own arithmetic has no products."""

    macs: Mapping[str, Mapping[str, int]]
    kept: Mapping[str, Mapping[str, int]]
    terms: Mapping[str, int]  # term → multiply-adds of all that a pass of it alone would do

    @property
    def total(self) -> int:
        """Multiply-adds of one sample."""
        return sum(sum(nodes.values()) for nodes in self.macs.values())


def pass_cost(one: PlayedPass) -> PassCost:
    """The multiply-adds and kept numbers of a pass, and what each of its terms alone would take."""
    counted, terms = _Counted(one.one, one.players), one.one.terms
    macs = counted.macs()
    alone = {
        term.id: macs if len(terms) == 1 else _Counted(_only(one.one, term), one.players).macs()
        for term in terms
    }
    totals = {term: sum(by_place.values()) for term, by_place in alone.items()}
    return PassCost(_by_network(one, macs), _by_network(one, counted.kept()), totals)


def _by_network(one: PlayedPass, by_place: Mapping[Place, int]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (call, id_), value in by_place.items():
        if call:
            nodes = found.setdefault(one.one.calls[call].network, {})
            nodes[id_] = nodes.get(id_, 0) + value
    return found


def _only(one: PassIR, term: Term) -> PassIR:
    """The pass of one of its terms."""
    wanted = one.whole.upstream(("", root) for root in roots(term))
    nodes = tuple(id_ for id_ in one.nodes if ("", id_) in wanted)
    calls = {
        id_: replace(call, layers=tuple(layer for layer in call.layers if (id_, layer) in wanted))
        for id_, call in one.calls.items()
        if ("", id_) in wanted
    }
    return replace(one, terms=(term,), nodes=nodes, calls=calls, heard=(), logs={}, watches={})


class _Counted(PlayedPass):
    """A pass, of which work is counted."""

    @property
    def places(self) -> frozenset[Place]:
        """What needs a graph."""
        return self.tracked.places

    @cached_property
    def again(self) -> dict[Place, frozenset[Place]]:
        """Gradients that the loss's backward pass comes to → what lies below those of their `by`."""
        bys: dict[Place, set[Place]] = {}
        for place in self.reached:
            node = self.one.whole.node(place)
            made = ("", node.operands[0]) if node.op == "output" and not place[0] else None
            if made in self.flow.gradients:
                bys.setdefault(made, set()).add(self.flow.by(made)[node.attrs["index"]])
        return {gradient: self.flow.below_some(gradient, some) for gradient, some in bys.items()}

    @cached_property
    def reached(self) -> frozenset[Place]:
        """Tracked places that the loss's own backward pass comes to, second derivatives included."""
        whole, found = self.one.whole, set[Place]()
        waiting = [("", root) for term in self.one.terms for root in roots(term)]
        while waiting:
            place = waiting.pop()
            node = whole.node(place)
            if place in found or place not in self.places:
                continue
            found.add(place)
            made = ("", node.operands[0]) if node.op == "output" and not place[0] else None
            if made is not None and whole.node(made).op == "gradient":
                waiting.extend(self._read_by(made))
            else:
                waiting.extend(one for ones in whole.reads(place).values() for one in ones)
        return frozenset(found)

    def _read_by(self, gradient: Place) -> Iterator[Place]:
        """What the derivatives on a gradient's way read: second derivatives come to that."""
        below = self.flow.below(gradient)
        for place in self.flow.sweep(gradient, self.places, self.flow.variables)[1]:
            for port, ones in self.one.whole.reads(place).items():
                if not below.isdisjoint(ones):
                    yield from self.flow.uses(place, port)[0]

    def macs(self) -> dict[Place, int]:
        """Multiply-adds by place."""
        found: dict[Place, int] = {}
        inner = {gradient: self._way(gradient) for gradient in self.flow.gradients}
        carried = {gradient: self.flow.carries(gradient, self.places) for gradient in self.again}
        for place in self.flow.places:
            for product in self._products(place):
                count = 1
                if place in self.reached:
                    count += sum(self._needs(place, side, self.places) for side in (product.a, product.b))
                for gradient, way in inner.items():
                    if place in way:
                        count += self._inside(place, product, gradient, carried.get(gradient, {}))
                found[place] = found.get(place, 0) + count * product.macs * self._times(place)
        return found

    def _inside(self, place: Place, product: Product, gradient: Place, carried: Mapping[Place, bool]) -> int:
        """How often a gradient takes a product, and its own derivative, where the loss comes to that."""
        below, again, count = self.flow.below(gradient), self.again.get(gradient, frozenset()), 0
        for side, other in ((product.a, product.b), (product.b, product.a)):
            operands = {one for name in side for one in self.one.whole.reads(place).get(name, ())}
            operands |= set(self.flow.weights_of(place)) if WEIGHT in side else set()
            count += not below.isdisjoint(operands)
            if not again.isdisjoint(operands):
                count += carried.get(place, False) + self._needs(place, other, self.places)
        return count

    def _way(self, gradient: Place) -> frozenset[Place]:
        """What a gradient passes."""
        below = self.flow.below(gradient)
        return frozenset(self.flow.above([self.flow.of(gradient)], below)) & below

    def _needs(self, place: Place, names: tuple[str, ...], found: frozenset[Place]) -> bool:
        """Whether one of the named ports, or the node's own weights, needs a gradient."""
        reads = self.one.whole.reads(place)
        return any(
            place in self.flow.variables
            if name == WEIGHT
            else any(one in found for one in reads.get(name, ()))
            for name in names
        )

    def _products(self, place: Place) -> tuple[Product, ...]:
        node = self.one.whole.node(place)
        if not place[0]:
            return ()
        return node.spec.products(self.one.whole.program(place).call(node), node.type)

    def _times(self, place: Place) -> int:
        """How many batches were joined for the call that a place is in."""
        given = (self.one.whole.graph[id_].type for id_ in self.one.calls[place[0]].given.values())
        return max((type_.times for type_ in given if type_.sampled), default=1)

    def kept(self) -> dict[Place, int]:
        """Numbers kept for backward passes, by the place that makes them; shared ones count once."""
        whole, found, tensors = self.one.whole, dict[Place, int](), set[Place]()
        held = self.reached.union(*(self._way(gradient) for gradient in self.again))  # its graph stays whole
        for place in self.flow.places:
            node = whole.node(place)
            if not place[0] or place not in held:
                continue
            call, reads = whole.program(place).call(node), whole.reads(place)
            for keep in node.spec.keeps:
                if keep.when is not None and not keep.when(call):
                    continue
                if keep.needed_by and not self._needs(place, keep.needed_by, self.places):
                    continue
                if keep.extra is not None:
                    found[place] = found.get(place, 0) + keep.extra(call, node.type) * self._times(place)
                elif keep.what == "output" or overwritten(
                    whole.program(place), node, keep, self._readers[place[0]]
                ):
                    tensors.add(place)
                else:
                    tensors.update(reads.get(keep.what, ()))
        for place in tensors:
            if place[0]:
                found[place] = found.get(place, 0) + self._elements(place)
        for gradient, again in self.again.items():
            for place in self._way(gradient) & again:
                if place[0] and not _mask(whole.node(place)):
                    found[place] = found.get(place, 0) + self._elements(place)
        return found

    @cached_property
    def _readers(self) -> dict[str, Mapping[str, int]]:
        return {call: readers_of(self.one.whole.calls[call].graph) for call in self.one.calls}

    def _elements(self, place: Place) -> int:
        return self.one.whole.node(place).type.elements * self._times(place)


def _mask(node: Node) -> bool:
    """Whether all that it keeps is a mask, which a gradient's own derivative does not need."""
    return all(keep.mask for keep in node.spec.keeps)

"""What of a pass needs a graph, and what is differentiated twice, through which ops: known before it runs.

A value is tracked if a weight that the phase trains, or a `by` of a gradient, stands before it, and it can
be differentiated: what a constant gives is one, and so is what `stop_gradient` or a comparison gives. The
gradient of one thing by another is tracked where its own numbers depend on what is tracked: that of a sum of
products does, that of a sum does not. The op table says which of its operands the derivative of an op reads
(`keeps`, `products`); where torch's own derivative is one function of more than it needs, it is that of the
table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import field
from functools import cached_property

from gandsl.analysis.game.derivative import uses
from gandsl.analysis.game.slices import PassIR, roots
from gandsl.analysis.game.whole import Place, Whole
from gandsl.ir.graph import Node
from gandsl.ir.op import WEIGHT, Trait
from gandsl.records import dataclass
from gandsl_runtime.plan.game import Player

_PASSED_ON = frozenset({"input", "output", "call"})  # no ops: names of what others make


@dataclass(frozen=True)
class Tracked:
    """Of one pass. A `by` of a gradient is tracked in any case."""

    places: frozenset[Place]  # whose values require a gradient
    already: frozenset[str]  # nodes of the game by which something is differentiated: tracked without that
    made: frozenset[str]  # … and those that have to be made `differentiable`
    again: Mapping[
        str, tuple[Place, ...]
    ]  # gradients that something asks to differentiate → through which ops

    def nodes(self) -> frozenset[str]:
        """Nodes of the game that are tracked."""
        return frozenset(id_ for call, id_ in self.places if not call)

    def layers(self, call: str) -> frozenset[str]:
        """Nodes of a called network that are tracked."""
        return frozenset(id_ for one, id_ in self.places if one == call)


def trained(players: Iterable[Player], network: str, layer: str) -> bool:
    """Whether one of the players trains a layer: its network, or a part of that which the layer is in."""
    whole = f"{network}.{layer}."
    return any(whole.startswith(f"{name}.") for player in players for name in player.trains)


def tracked(one: PassIR, players: Sequence[Player]) -> Tracked:
    """What is tracked in a pass of a phase of these players."""
    return tracked_by(Derivatives(one.whole, one.places, players), one)


def tracked_by(flow: Derivatives, one: PassIR) -> Tracked:
    """What is tracked in a pass whose derivatives are known."""
    asked = flow.asked(one)
    bys = {by for gradient in flow.gradients for by in flow.by(gradient)}
    places, already = flow.dependent(bys, flow.variables, asked=asked)
    through: dict[str, tuple[Place, ...]] = {}
    for gradient in flow.gradients:
        if gradient[1] in asked:
            ops = flow.sweep(gradient, places, flow.variables)[1]
            through[gradient[1]] = tuple(place for place in flow.places if place in ops)
    made = bys - already
    return Tracked(places, frozenset(by[1] for by in already), frozenset(by[1] for by in made), through)


@dataclass
class Derivatives:
    """Where derivatives pass in some places of a game, in order."""

    whole: Whole
    places: Sequence[Place]
    players: Sequence[Player]
    _below: dict[Place, frozenset[Place]] = field(default_factory=dict)
    _uses: dict[tuple[Place, str], tuple[set[Place], bool]] = field(default_factory=dict)

    @cached_property
    def gradients(self) -> tuple[Place, ...]:
        """The gradients taken inside."""
        return tuple(place for place in self.places if self.whole.node(place).op == "gradient")

    @cached_property
    def _order(self) -> dict[Place, int]:
        return {place: index for index, place in enumerate(self.places)}

    def of(self, gradient: Place) -> Place:
        return self.whole.reads(gradient)["of"][0]

    def by(self, gradient: Place) -> tuple[Place, ...]:
        return self.whole.reads(gradient)["by"]

    @cached_property
    def _results(self) -> dict[Place, tuple[Place, Place]]:
        """What hands out the result of a gradient: that, and what it is taken by there."""
        outputs = ((place, self.whole.node(place)) for place in self.places if not place[0])
        made = ((place, ("", node.operands[0]), node) for place, node in outputs if node.op == "output")
        gradients = {*self.gradients}
        return {
            place: (gradient, self.by(gradient)[node.attrs["index"]])
            for place, gradient, node in made
            if gradient in gradients
        }

    # ---- weights

    @cached_property
    def variables(self) -> frozenset[Place]:
        """The layers whose weights the players train, and the `weights` nodes that stand for such."""
        return self.trained_by(self.players)

    def trained_by(self, players: Sequence[Player]) -> frozenset[Place]:
        """What of the places has weights that some players train, as `variables`."""
        owners = {owner for owner in {*self._owners.values()} if trained(players, *owner)}
        layers = {place for place, owner in self._owners.items() if owner in owners}
        named = (place for place in self.places if self.whole.node(place).op == "weights")
        return frozenset(layers.union(one for one in named if self._stands_for(one, players)))

    @cached_property
    def _owners(self) -> dict[Place, tuple[str, str]]:
        """By place with weights, the network and its layer: not of averages, which nobody trains."""
        calls = {id_: call for id_, call in self.whole.calls.items() if not call.average}
        return {
            place: (calls[place[0]].network, self.whole.node(place).layer)
            for place in self.places
            if place[0] in calls and place[1] in calls[place[0]].graph.learned
        }

    @cached_property
    def _by_weights(self) -> list[Place]:
        """The nodes that stand for weights by which something is differentiated."""
        bys = dict.fromkeys(by for gradient in self.gradients for by in self.by(gradient))
        return [by for by in bys if self.whole.node(by).op == "weights"]

    def _stands_for(self, weights: Place, players: Sequence[Player]) -> bool:
        """Whether a `weights` node stands for a weight that the players train."""
        node = self.whole.node(weights)
        network = self.whole.networks[node.attrs["network"]]
        return any(
            covers(node, network.name, id_) and trained(players, network.name, id_)
            for id_ in network.weighted()
        )

    def weights_of(self, place: Place) -> tuple[Place, ...]:
        """The `weights` nodes, by which something is differentiated, that cover the layer's own."""
        return self._covering.get(place, ())

    @cached_property
    def _covering(self) -> dict[Place, tuple[Place, ...]]:
        nodes = {one: self.whole.node(one) for one in self._by_weights}
        learned = {id_: call.graph.learned for id_, call in self.whole.calls.items()}
        return {
            (call, id_): tuple(one for one, node in nodes.items() if covers(node, *owner))
            for (call, id_), owner in (self._owners if nodes else {}).items()
            if any(len(shape) > 1 for shape in learned[call][id_].values())
        }

    # ---- forward

    @cached_property
    def _passes_to(self) -> dict[Place, tuple[Place, ...]]:
        """What a derivative goes on to, by place; without those whose derivative is 0."""
        return {
            place: self.whole.sources[place] + self.weights_of(place)
            for place in self.places
            if not self.whole.node(place).spec.has(Trait.CONSTANT)
        }

    def uses(self, place: Place, port: str) -> tuple[set[Place], bool]:
        """What the derivative of a node by one of its ports reads, as `gandsl.analysis.game.derivative`."""
        if (place, port) not in self._uses:
            self._uses[place, port] = uses(self.whole, place, port)
        return self._uses[place, port]

    def below(self, gradient: Place) -> frozenset[Place]:
        """What can be differentiated by a gradient's `by`."""
        if gradient not in self._below:
            self._below[gradient] = self.below_some(gradient, set(self.by(gradient)))
        return self._below[gradient]

    def below_some(self, gradient: Place, bys: set[Place]) -> frozenset[Place]:
        """What can be differentiated by some of a gradient's `by`."""
        return self.dependent(bys, frozenset(), until=self._order[gradient])[0]

    def dependent(
        self,
        sources: set[Place],
        variables: Set[Place],
        until: int | None = None,
        asked: frozenset[str] | None = None,
    ) -> tuple[frozenset[Place], frozenset[Place]]:
        """What depends on sources and variables, and the sources that do so without being one.

        Gradients that nobody asks to differentiate give constants (None: all are asked).
        """
        found = {source for source in sources if source in self._by_weights}
        already: set[Place] = set()
        carried: dict[Place, set[Place]] = {}  # gradient → `by` whose gradient depends on them
        gradients, results, passes_to = {*self.gradients}, self._results, self._passes_to
        for place in self.places[:until]:
            if place in gradients:
                if asked is None or place[1] in asked:
                    carried[place] = self.sweep(place, found, variables)[0]
                continue
            if place in results:
                gradient, by = results[place]
                depends = by in carried.get(gradient, ())
            else:
                depends = place in variables or not found.isdisjoint(passes_to.get(place, ()))
            if depends or place in sources:
                found.add(place)
            if depends and place in sources:
                already.add(place)
        return frozenset(found), frozenset(already)

    # ---- backward

    def sweep(
        self, gradient: Place, found: Set[Place], variables: Set[Place]
    ) -> tuple[set[Place], set[Place]]:
        """Which of a gradient's results depend on what was found, and the ops whose derivatives do."""
        carries, through = self._swept(gradient, found, variables)
        return {by for by in self.by(gradient) if carries.get(by, False)}, through

    def carries(self, gradient: Place, found: Set[Place]) -> dict[Place, bool]:
        """What a gradient comes to on its way, and whether what comes there depends on what was found."""
        return self._swept(gradient, found, self.variables)[0]

    def _swept(
        self, gradient: Place, found: Set[Place], variables: Set[Place]
    ) -> tuple[dict[Place, bool], set[Place]]:
        below = self.below(gradient)
        carries = {self.of(gradient): False}  # place → whether what comes back to it depends on it
        through: set[Place] = set()
        for place in reversed(self.places[: self._order[gradient]]):
            if place not in carries or place not in below:
                continue
            for operand, depends in self._passed(place, found, variables):
                if operand in below:
                    depends = depends or carries[place]
                    carries[operand] = carries.get(operand, False) or depends
                    if depends and self.whole.node(place).op not in _PASSED_ON:
                        through.add(place)
        return carries, through

    def _passed(self, place: Place, found: Set[Place], variables: Set[Place]) -> Iterator[tuple[Place, bool]]:
        """Each operand that a derivative reaches, and whether it reads what was found on its way."""
        if place in self._results:
            yield from self._inside(self._results[place][0], found)
            return
        for port, ones in (*self.whole.reads(place).items(), (WEIGHT, self.weights_of(place))):
            if ones:
                depends = self._depends(place, port, found, variables)
                yield from ((one, depends) for one in ones)

    def _inside(self, gradient: Place, found: Set[Place]) -> Iterator[tuple[Place, bool]]:
        """The derivative of a gradient: it reaches whatever the derivatives of the ops on its way read."""
        below = self.below(gradient)
        depends = not below.isdisjoint(found)
        for place in self.places[: self._order[gradient]]:
            weights = self.weights_of(place)
            if place in below:
                for port, ones in (*self.whole.reads(place).items(), (WEIGHT, weights)):
                    if any(one in below for one in ones):
                        yield from ((one, depends) for one in self.uses(place, port)[0])
                yield from ((one, depends) for one in weights)

    def _depends(self, place: Place, port: str, found: Set[Place], variables: Set[Place]) -> bool:
        read, weight = self.uses(place, port)
        return not read.isdisjoint(found) or (
            weight and (place in variables or not found.isdisjoint(self.weights_of(place)))
        )

    # ---- what asks

    def asked(self, one: PassIR) -> frozenset[str]:
        """The gradients that are differentiated again: by a loss, or by a gradient of what they make."""
        found: set[str] = set()
        ends = [("", root) for term in one.terms for root in roots(term)]
        reached = self.above(ends)
        found.update(gradient[1] for gradient in self.gradients if gradient in reached)
        for gradient in self.gradients:
            on_the_way = self.above([self.of(gradient)], self.below(gradient))
            found.update(inner[1] for inner in self.gradients if inner in on_the_way)
        return frozenset(found)

    def above(self, ends: Iterable[Place], within: frozenset[Place] | None = None) -> set[Place]:
        """What a derivative of `ends` reaches, going through places of `within` alone; gradients included."""
        gradients, passes_to, found = {*self.gradients}, self._passes_to, set[Place]()
        waiting = list(ends)
        while waiting:
            place = waiting.pop()
            inside = within is None or place in within or place in gradients
            if inside and place not in found and place in passes_to:
                found.add(place)
                waiting.extend(passes_to[place])
        return found


def on_the_way(flow: Derivatives, gradient: Place) -> frozenset[Place]:
    """What a gradient passes, from what it is of to what it is by."""
    below = flow.below(gradient)
    return below.intersection(flow.above([flow.of(gradient)], below)).difference(flow.by(gradient))


def covers(node: Node, network: str, layer: str) -> bool:
    """Whether a `weights` node stands for the weights of a layer."""
    path, skip = node.attrs["path"], node.attrs["skip"]
    names = f"{layer}."
    return (
        node.attrs["network"] == network
        and (not path or names.startswith(f"{path}."))
        and not any(names.startswith(f"{one}.") for one in skip)
    )

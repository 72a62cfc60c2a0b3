"""Compute once what a pass would compute twice: equal nodes of equal operands become the first of them.

Nodes that draw or measure the gradient that comes back stay two, and so do calls whose layers do that or
move state; and what a gradient is taken by, which is a variable apart from all that has its numbers. A call
is equal to another of the same network, weights, entry and mode; what either is wanted for is then wanted of
the one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import field

from gandsl.analysis.game.kept import draws, moved
from gandsl.analysis.game.slices import PassIR, resliced
from gandsl.ir.game import GameIR
from gandsl.ir.graph import Node
from gandsl.ir.op import Trait
from gandsl.ir.same import APART, frozen
from gandsl.records import dataclass


@dataclass(frozen=True)
class Apart:
    """A node that looks like an earlier one, and why both are computed."""

    id: str
    like: str
    why: str


@dataclass(frozen=True)
class Merging:
    """A pass after merging, the node that each merged one is, and what stayed two."""

    of: PassIR
    same: Mapping[str, str]
    apart: tuple[Apart, ...]


def merged(game: GameIR, one: PassIR) -> PassIR:
    """The pass without what it would compute twice."""
    return merging(game, one).of


def merging(game: GameIR, one: PassIR) -> Merging:
    """What of a pass is merged. Values stay equal to the bit, derivatives up to the order of sums."""
    players = () if one.is_view else game.plan_at(one.whole.variant).players.values()
    walk = _Walk(one, frozenset(name for player in players for name in player.networks))
    for id_ in one.nodes:
        walk.meet(one.whole.graph[id_])
    return Merging(resliced(one, walk.same) if walk.same else one, walk.same, tuple(walk.apart))


@dataclass(frozen=True)
class _Known:
    """A node that was met: why it is computed alone, if it is, and what had moved by then."""

    id: str
    alone: str
    moves: Counter[str]


@dataclass
class _Walk:
    """A pass, from its first node on. `learning`: networks in training mode, where a call says nothing."""

    one: PassIR
    learning: frozenset[str]
    same: dict[str, str] = field(default_factory=dict)
    apart: list[Apart] = field(default_factory=list)
    _known: dict[Hashable, _Known] = field(default_factory=dict)
    _moves: Counter[str] = field(default_factory=Counter)  # network → calls so far that moved its state

    def __post_init__(self) -> None:
        graph = self.one.whole.graph
        gradients = (graph[id_] for id_ in self.one.nodes if graph[id_].op == "gradient")
        bys = frozenset(by for node in gradients for by in node.inputs["by"])
        self._variables = {by for by in bys if graph[by].op != "weights"}  # those are variables of the pass

    def meet(self, node: Node) -> None:
        """The next node: it is an earlier one, or is known from here on."""
        mine = _Known(node.id, self._alone(node), self._moves.copy())
        key = self._key(node)
        first = self._known.setdefault(key, mine)
        if first is not mine:
            if why := mine.alone or first.alone or self._moved_since(first, node):
                self.apart.append(Apart(node.id, first.id, why))
                if not mine.alone:
                    self._known[key] = mine
            else:
                self.same[node.id] = first.id
        if node.op == "call" and self._moved(node):
            self._moves[node.attrs["network"]] += 1

    def _moved_since(self, first: _Known, node: Node) -> str:
        """Whether what a call reads, beside what it is given, is not what it was."""
        if node.op != "call" or self.one.calls[node.id].average:
            return ""
        network = node.attrs["network"]
        same = first.moves[network] == self._moves[network]
        return "" if same else f"the state of `{network}` has moved in between"

    def _key(self, node: Node) -> Hashable:
        inputs = {port: [self.same.get(id_, id_) for id_ in ids] for port, ids in node.inputs.items()}
        attrs = dict(node.attrs)
        if node.op == "call":  # what it holds and draws by is of no account where nothing moves or draws
            attrs |= {"mode": self._trains(node), "holds": (), "draws": ""}
        name = node.id if node.op == "state" else ""
        return node.op, name, frozen(attrs), frozen(inputs)

    def _alone(self, node: Node) -> str:
        """Why a node is computed, whatever has its numbers; empty: it need not be."""
        if node.id in self._variables:
            return "a gradient is taken by it"
        for trait in (Trait.RANDOM, Trait.MEASURES_GRADIENT):
            if node.spec.has(trait):
                return APART[trait]
        if node.op != "call":
            return ""
        layers, measures = self._layers(node), Trait.MEASURES_GRADIENT
        if any(layer.op == "call" for layer in layers):
            return "is of a network written by hand, of whose layers nothing is known"
        for found, why in (
            (draws(layers, self._trains(node)), APART[Trait.RANDOM]),
            (self._moved(node), APART[Trait.STATEFUL]),
            ([one for one in layers if one.spec.has(measures)], APART[measures]),
        ):
            if found:
                return f"its layer `{found[0].id}` {why}"
        return ""

    def _moved(self, node: Node) -> list[Node]:
        """The layers whose state a call moves."""
        return moved(self._layers(node), node.attrs["holds"]) if self._trains(node) else []

    def _trains(self, node: Node) -> bool:
        """Whether a call is in training mode."""
        call, mode = self.one.calls[node.id], node.attrs["mode"]
        own = call.network in self.learning and not call.average
        return own if self.one.is_view or not mode else bool(mode == "training")

    def _layers(self, node: Node) -> list[Node]:
        graph = self.one.whole.calls[node.id].graph
        return [graph[id_] for id_ in self.one.calls[node.id].layers]

"""What a pass of a phase computes: its slice of the game's graph, and of each network that it calls.

A node is there because a term (or the weight of one) depends on it, and for no other reason: one output of a
call does not bring the others, and a call runs the layers above what is read of it. States hear, and logs
and watches take, what a pass computes anyway.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from functools import cached_property

from gandsl.analysis.game.whole import Place, Whole
from gandsl.ir.game import GameIR
from gandsl.ir.graph import NetworkIR, Variant
from gandsl.ir.op import Trait
from gandsl.records import dataclass
from gandsl_runtime.plan.game import GamePlan, GameState, PassPlan, PhasePlan, Term

SOURCES = frozenset({"item", "draw", "kept", "state", "clock", "fade"})  # all that a pass takes from outside
HEARD = "heard"  # a source of next values alone
_WORK = frozenset({"item", "draw", "kept", "gradient", HEARD})  # what no log or watch brings about


@dataclass(frozen=True)
class CallSlice:
    """What of a network runs in a call."""

    id: str
    network: str
    entry: str
    outputs: tuple[str, ...]  # those that are read, in the network's order
    given: Mapping[str, str]  # those of its inputs that its layers read → node of the game
    layers: tuple[str, ...]  # ids of the nodes of the network that run, in order
    all: bool  # whether all of it runs, whatever is read
    average: bool  # with the average of the weights, which nobody trains


@dataclass(frozen=True)
class PassIR:
    """One pass. `nodes` and `sources` are ids of the game's graph, in order of computing."""

    phase: PhasePlan
    part: PassPlan
    whole: Whole
    terms: tuple[Term, ...]  # those that this variant has
    nodes: tuple[str, ...]  # sources included; a call, then the outputs that are read of it
    sources: tuple[str, ...]
    calls: Mapping[str, CallSlice]
    heard: tuple[str, ...]  # nodes that states hear, as the plan names them, in the order of the states
    logs: Mapping[str, str]  # name in the log → node
    watches: Mapping[str, str]
    kept: tuple[tuple[str, str], ...] = ()  # pools, and the nodes whose samples they keep
    same: Mapping[str, str] = field(default_factory=dict)  # node that is not computed → the equal one that is

    def at(self, id_: str) -> str:
        """The node that computes what a node of the plan stands for."""
        return self.same.get(id_, id_)

    @property
    def players(self) -> tuple[str, ...]:
        return self.phase.players

    @property
    def values(self) -> tuple[str, ...]:
        """What is handed out beside the losses, as the plan names it: heard, logged, kept; each once."""
        kept = (node for _, node in self.kept)
        return tuple(dict.fromkeys((*self.heard, *self.logs.values(), *kept)))

    @property
    def is_view(self) -> bool:
        """Whether it is no player's: what is heard is looked at, and nothing learns."""
        return not self.players

    @cached_property
    def used(self) -> dict[str, tuple[str, ...]]:
        """By network, the layers that run and have weights: these have gradients, if only of 0."""
        return used([self])

    @property
    def by_weights(self) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
        """Network, path and ids left out of the weights by which something is differentiated."""
        graph = self.whole.graph
        bys = dict.fromkeys(
            by for id_ in self.nodes if graph[id_].op == "gradient" for by in graph[id_].inputs["by"]
        )
        found = (graph[by].attrs for by in bys if graph[by].op == "weights")
        return tuple((attrs["network"], attrs["path"], tuple(attrs["skip"])) for attrs in found)

    def terms_of(self, player: str) -> tuple[Term, ...]:
        """The terms whose sum the player minimizes."""
        return tuple(term for term in self.terms if term.id.startswith(f"{player}."))

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """All that is computed, layers of networks included, each after what it reads."""
        nodes = set(self.nodes)
        layers = {id_: frozenset(call.layers) for id_, call in self.calls.items()}
        return tuple(
            place
            for place in self.whole
            if (place[1] in layers.get(place[0], ()) if place[0] else place[1] in nodes)
        )


@dataclass(frozen=True)
class StateIR:
    """The next values of some states: what computes them, of the graph's `state` and `heard` nodes."""

    states: tuple[str, ...]
    nodes: tuple[str, ...]
    sources: tuple[str, ...]  # without what is heard
    heard: tuple[str, ...]  # ids of `heard` nodes


def pass_slice(
    game: GameIR, networks: Mapping[str, NetworkIR], variant: Variant, phase: PhasePlan, part: PassPlan
) -> PassIR:
    """What a pass of a phase computes at a variant of the game."""
    whole = Whole(game.graphs[variant], networks, variant)
    return _pass(game, whole, phase, part)


def phase_slices(
    game: GameIR, networks: Mapping[str, NetworkIR], variant: Variant, phase: PhasePlan
) -> tuple[PassIR, ...]:
    """All passes of a phase."""
    return slices_of(game, Whole(game.graphs[variant], networks, variant), phase)


def slices_of(game: GameIR, whole: Whole, phase: PhasePlan) -> tuple[PassIR, ...]:
    """All passes of a phase, of a variant that is known as a whole already."""
    return tuple(_pass(game, whole, phase, part) for part in phase.passes)


def _pass(game: GameIR, whole: Whole, phase: PhasePlan, part: PassPlan) -> PassIR:
    graph = whole.graph
    terms = tuple(term for term in part.terms if term.node in graph.nodes)
    wanted = whole.upstream(("", id_) for term in terms for id_ in roots(term))
    anyway = frozenset(wanted)

    def taken(node: str) -> bool:
        """Whether a value is had without further work; its arithmetic then belongs to the pass."""
        if node not in graph.nodes:
            return False
        more = whole.upstream([("", node)], anyway)
        if not all(_free(whole, place) for place in more):
            return False
        wanted.update(more)
        return True

    plan = game.plan_at(whole.variant)
    heard = dict.fromkeys(
        node
        for state in heard_by(plan, phase, terms)
        for node in state.heard
        if state.id in graph.nodes and taken(node)
    )
    named = [*(pair for term in terms for pair in term.logs.items()), *plan.logs.items()]
    logs = {name: node for name, node in named if taken(node)}
    watches = {name: node for name, node in plan.watches.items() if taken(node)}
    kept = tuple((pool.id, pool.node) for pool in plan.pools if ("", pool.id) in wanted)
    return _made(whole, phase, part, terms, wanted, tuple(heard), logs, watches, kept)


def sliced(whole: Whole, phase: PhasePlan, part: PassPlan, values: tuple[str, ...]) -> PassIR:
    """A pass without terms, which gives these nodes."""
    wanted = whole.upstream(("", id_) for id_ in values)
    return _made(whole, phase, part, (), wanted, values, {}, {}, ())


def resliced(one: PassIR, same: Mapping[str, str]) -> PassIR:
    """The pass without some nodes, each an equal one that stands before it."""
    whole = Whole(one.whole.graph.standing_for(same), one.whole.networks, one.whole.variant)
    terms = tuple(_renamed(term, same) for term in one.terms)
    ends = (*(root for term in terms for root in roots(term)), *one.values, *one.watches.values())
    wanted = whole.upstream(("", same.get(id_, id_)) for id_ in ends)
    made = _made(whole, one.phase, one.part, terms, wanted, one.heard, one.logs, one.watches, one.kept)
    return replace(made, same=same)


def _renamed(term: Term, same: Mapping[str, str]) -> Term:
    weight = same.get(term.weight, term.weight) if isinstance(term.weight, str) else term.weight
    return replace(term, node=same.get(term.node, term.node), weight=weight)


def _made(
    whole: Whole,
    phase: PhasePlan,
    part: PassPlan,
    terms: tuple[Term, ...],
    wanted: set[Place],
    heard: tuple[str, ...],
    logs: Mapping[str, str],
    watches: Mapping[str, str],
    kept: tuple[tuple[str, str], ...],
) -> PassIR:
    graph = whole.graph
    nodes = tuple(node.id for node in graph if ("", node.id) in wanted)
    return PassIR(
        phase,
        part,
        whole,
        terms,
        nodes,
        tuple(id_ for id_ in nodes if graph[id_].op in SOURCES),
        {id_: _call(whole, id_, wanted) for id_ in nodes if graph[id_].op == "call"},
        heard,
        logs,
        watches,
        kept,
    )


def roots(term: Term) -> tuple[str, ...]:
    """The nodes that a term names: itself, and its weight where that is one."""
    return (term.node, term.weight) if isinstance(term.weight, str) else (term.node,)


def heard_by(plan: GamePlan, phase: PhasePlan, terms: Iterable[Term] | None = None) -> list[GameState]:
    """The states that hear a phase, or a pass of it with these terms.

    A state inside of a term hears the passes of that term: what others compute of the same is none of its.
    """
    hearing = [state for state in plan.states if not set(state.players).isdisjoint(phase.players)]
    if terms is None:
        return hearing
    others = {term.id for player in plan.players.values() for term in player.terms} - {t.id for t in terms}
    return [state for state in hearing if not any(state.id.startswith(f"{term}.") for term in others)]


def hears(game: GameIR, of: PassIR) -> tuple[tuple[str, str], ...]:
    """Which state hears which of the values of a pass."""
    hearing = heard_by(game.plan_at(of.whole.variant), of.phase, of.terms)
    return tuple((state.id, node) for state in hearing for node in state.heard if node in of.heard)


def _free(whole: Whole, place: Place) -> bool:
    """Whether a log may bring a node about: arithmetic, states and numbers of the clock."""
    node = whole.node(place)
    return not place[0] and node.op not in _WORK and node.op != "call" and not node.spec.has(Trait.RANDOM)


def _call(whole: Whole, id_: str, wanted: set[Place]) -> CallSlice:
    called, node = whole.calls[id_], whole.graph[id_]
    layers = tuple(layer for layer in called.graph.nodes if (id_, layer) in wanted)
    read = {
        whole.graph[one].attrs["index"]
        for call, one in wanted
        if not call and whole.graph[one].op == "output" and whole.graph[one].operands[0] == id_
    }
    return CallSlice(
        id_,
        called.network,
        node.attrs["entry"],
        tuple(name for index, name in enumerate(called.outputs) if index in read),
        {name: given for name, given in called.given.items() if (id_, name) in wanted},
        layers,
        called.all,
        called.average,
    )


def used(passes: Iterable[PassIR]) -> dict[str, tuple[str, ...]]:
    """By network, the layers with weights that run in these passes, in order; averages do not count."""
    found: dict[str, dict[str, None]] = {}
    for one in passes:
        for id_, call in one.calls.items():
            graph = one.whole.calls[id_].graph
            if not call.average:
                learned = (graph[id_].layer for id_ in call.layers if id_ in graph.learned)
                found.setdefault(call.network, {}).update(dict.fromkeys(learned))
    return {network: tuple(layers) for network, layers in found.items()}


def state_slice(
    game: GameIR, networks: Mapping[str, NetworkIR], variant: Variant, states: Iterable[str]
) -> StateIR:
    """What computes the next values of states, together."""
    whole = Whole(game.graphs[variant], networks, variant)
    wanted_ids = set(states)
    moved = tuple(state for state in game.plan_at(variant).states if state.id in wanted_ids)
    wanted = whole.upstream(("", state.next) for state in moved)
    nodes = tuple(node.id for node in whole.graph if ("", node.id) in wanted)
    return StateIR(
        tuple(state.id for state in moved),
        nodes,
        tuple(id_ for id_ in nodes if whole.graph[id_].op in SOURCES),
        tuple(id_ for id_ in nodes if whole.graph[id_].op == HEARD),
    )

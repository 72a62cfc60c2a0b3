"""A game of the IR as the executor runs it: an fx module for each pass, over the programs of its networks."""

from __future__ import annotations

import operator
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from torch import fx, nn

from gandsl.analysis.game.kept import held
from gandsl.analysis.game.linear import over_all
from gandsl.analysis.game.merging import merged
from gandsl.analysis.game.slices import CallSlice, PassIR, hears, pass_slice, state_slice
from gandsl.analysis.game.views import view_slice
from gandsl.analysis.game.whole import Invocation
from gandsl.ir.game import GameIR
from gandsl.ir.graph import Graph, NetworkIR, Node, Variant
from gandsl.ir.split import call_order
from gandsl.lowering.augmented import draws_of, kinds_of, pipe_of
from gandsl.lowering.lower import describe, local
from gandsl.lowering.network import LoweredNetwork
from gandsl.lowering.table import found, lower
from gandsl.lowering.tree import free_name, over
from gandsl_runtime.game.calls import Augmented, NetworkCall, NetworkWeights
from gandsl_runtime.game.program import (
    ClockValue,
    Drawn,
    Item,
    Kept,
    PassProgram,
    Source,
    StateProgram,
    StateValue,
)
from gandsl_runtime.network import Network
from gandsl_runtime.ops import differentiable
from gandsl_runtime.plan.game import GamePlan, PassPlan, PhasePlan, Term
from gandsl_runtime.plan.number import Curve, Stairs
from gandsl_runtime.plan.schedule import Stage

Place = tuple[int | None, bool]  # of a stage: its level, and whether that fades


@dataclass
class LoweredGame:
    """What a GameIR describes over its networks; `data_range` is that of images. A `Game`.

    Programs are made when they are first asked for. `averages` are filled in by the run, which has them.
    """

    ir: GameIR
    networks: Mapping[str, Network]
    data_range: tuple[float, float] = (-1.0, 1.0)
    averages: dict[str, Network] = field(default_factory=dict)
    _passes: dict[object, PassProgram] = field(default_factory=dict)
    _states: dict[object, StateProgram] = field(default_factory=dict)

    @property
    def plan(self) -> GamePlan:
        return self.ir.plan

    def plan_at(self, stage: Stage) -> GamePlan:
        """See `Game.plan_at`."""
        return self.ir.plan_at(self.variant(stage))

    def pass_program(self, phase: PhasePlan, part: PassPlan, stage: Stage) -> PassProgram:
        """See `Game.pass_program`."""
        key = (phase.name, tuple(term.id for term in part.terms), _place(stage))
        if key not in self._passes:
            self._passes[key] = _lower_pass(self, self.pass_ir(phase, part, stage), stage)
        return self._passes[key]

    def pass_ir(self, phase: PhasePlan, part: PassPlan, stage: Stage) -> PassIR:
        """The slice of the game's graph that a pass computes, and nothing of it twice."""
        return merged(self.ir, pass_slice(self.ir, self.irs, self.variant(stage), phase, part))

    @property
    def irs(self) -> Mapping[str, NetworkIR]:
        """The networks in the IR, by name: these were lowered from it."""
        return {name: one.ir for name, one in self.networks.items() if isinstance(one, LoweredNetwork)}

    def used(self, of: PassIR) -> Mapping[str, tuple[str, ...]]:
        """By network, the layers with weights that a pass runs."""
        return of.used

    def state_program(self, states: tuple[str, ...], stage: Stage) -> StateProgram:
        """See `Game.state_program`."""
        key = (states, _place(stage))
        if key not in self._states:
            self._states[key] = _lower_states(self, states, stage)
        return self._states[key]

    def view_program(self, nodes: tuple[str, ...], stage: Stage, average: bool) -> PassProgram:
        """See `Game.view_program`."""
        key = (nodes, average, _place(stage))
        if key not in self._passes:
            of = merged(self.ir, view_slice(self.ir, self.irs, self.variant(stage), nodes))
            called: Mapping[str, Network] = (
                ChainMap(self.averages, dict(self.networks)) if average else self.networks
            )
            self._passes[key] = replace(_lower_view(self, of, stage, called), values=nodes)
        return self._passes[key]

    def variant(self, stage: Stage) -> Variant:
        """The graph of a stage: without growth the last one."""
        if stage.level is None:
            return max(variant for variant in self.ir.graphs if not variant.fading)
        return Variant(stage.level, stage.fading)


def _place(stage: Stage) -> Place:
    return stage.level, stage.fading


def _lower_pass(game: LoweredGame, of: PassIR, stage: Stage) -> PassProgram:
    build = _Build(game, of.whole.graph, stage)
    build.begin(of)
    weights = {term.id: build.weight(term) for term in of.terms}  # sources come first
    build.nodes(of.nodes)
    losses = [build.sum_of(of.terms_of(player), weights) for player in of.players]
    values = [build.values[of.at(id_)] for id_ in of.values]
    module = build.module(f"{_camel(of.phase.name)}Pass", [*losses, *values])
    return PassProgram(
        tuple(build.given), module, of.values, game.used(of), hears(game.ir, of), of.by_weights, of.kept
    )


def _lower_view(game: LoweredGame, of: PassIR, stage: Stage, networks: Mapping[str, Network]) -> PassProgram:
    build = _Build(game, of.whole.graph, stage, networks)
    build.begin(of)
    build.nodes(of.nodes)
    module = build.module("View", [build.values[of.at(id_)] for id_ in of.heard])
    return PassProgram(tuple(build.given), module, of.heard, {}, by=of.by_weights)


def _lower_states(game: LoweredGame, states: tuple[str, ...], stage: Stage) -> StateProgram:
    of = state_slice(game.ir, game.irs, game.variant(stage), states)
    build = _Build(game, game.ir.graphs[game.variant(stage)], stage)
    build.sources(of.sources)
    heard = tuple(dict.fromkeys(build.graph[id_].attrs["node"] for id_ in of.heard))
    told = {node: build.built.placeholder(f"{local(node)}_heard") for node in heard}
    build.values |= {id_: told[build.graph[id_].attrs["node"]] for id_ in of.heard}
    build.nodes(of.nodes)
    moved = {state.id: state.next for state in game.plan.states}
    module = build.module("StatesMove", [build.values[moved[id_]] for id_ in of.states])
    sources = tuple(one for one in build.given if isinstance(one, StateValue | ClockValue))
    return StateProgram(of.states, sources, heard, module)


class _Build:
    """An fx graph under way: of some nodes of a variant's graph."""

    def __init__(
        self, game: LoweredGame, graph: Graph, stage: Stage, viewed: Mapping[str, Network] | None = None
    ) -> None:
        """`viewed`: what a view calls by the networks' names, in evaluation; None: it is a pass."""
        self.game, self.graph, self.stage, self.viewed = game, graph, stage, viewed
        self.built, self.root = fx.Graph(), nn.Module()
        self.given: list[Source] = []
        self.values: dict[str, fx.Node] = {}
        self.calls: Mapping[str, CallSlice] = {}
        self.invoked: Mapping[str, Invocation] = {}  # whole programs of the calls
        self.over_all: frozenset[str] = frozenset()  # means over all processes
        self.differentiated: set[str] = set()

    def begin(self, of: PassIR) -> None:
        """Take over what a pass is, and its sources."""
        self.sources(of.sources)
        self.calls, self.invoked, self.over_all = of.calls, of.whole.calls, over_all(of)
        bys = {
            by for id_ in of.nodes if self.graph[id_].op == "gradient" for by in self.graph[id_].inputs["by"]
        }
        self.differentiated = {by for by in bys if self.graph[by].op != "weights"}

    def sources(self, ids: Iterable[str]) -> None:
        """A placeholder for each, in order."""
        for id_ in ids:
            self.given.append(_source(self.graph[id_]))
            self._note(self.graph[id_], self.built.placeholder(local(id_)))

    def weight(self, term: Term) -> float | fx.Node | str:
        """What a term is multiplied by: a number, a source of the clock, or the id of a node."""
        if not isinstance(term.weight, Curve | Stairs):
            return term.weight
        name = f"{term.id}.weight"
        self.given.append(ClockValue(name, term.weight))
        return self.built.placeholder(local(name))

    def nodes(self, ids: Iterable[str]) -> None:
        """Every node, each after what it reads; what a gradient is taken by can be differentiated by."""
        for id_ in ids:
            node = self.graph[id_]
            if id_ not in self.values:
                self._note(node, self._emit(node))
            if id_ in self.differentiated:
                self.values[id_] = self.built.call_function(differentiable, (self.values[id_],))

    def sum_of(self, terms: Iterable[Term], weights: Mapping[str, float | fx.Node | str]) -> fx.Node | None:
        """Σ weight · term, in order; None where there is none."""
        total: fx.Node | None = None
        for term in terms:
            weight, value = weights[term.id], self.values[term.node]
            if isinstance(weight, str):
                weight = self.values[weight]
            if isinstance(weight, fx.Node) or weight != 1:
                value = self.built.call_function(operator.mul, (weight, value))
            total = value if total is None else self.built.call_function(operator.add, (total, value))
        return total

    def module(self, name: str, outputs: list[fx.Node | None]) -> fx.GraphModule:
        """The graph over the calls that it makes."""
        self.built.output(tuple(outputs))
        return over(self.root, self.built, name)

    def _note(self, node: Node, made: fx.Node) -> None:
        describe(made, node)
        self.values[node.id] = made

    def _emit(self, node: Node) -> fx.Node:
        special = _SPECIAL.get(node.op)
        return self._function(node) if special is None else special(self, node)

    def _function(self, node: Node) -> fx.Node:
        positional, by_name = node.arguments
        args = [
            [self.values[one] for one in ids] if isinstance(ids, tuple) else self.values[ids]
            for ids in positional
        ]
        target = lower(self.graph.call(node), node)
        named: dict[str, Any] = {port: self.values[id_] for port, id_ in by_name.items()}
        how = dict(target.kwargs)
        if node.op == "mean" and node.id not in self.over_all:
            how["processes"] = "own"
        return self.built.call_function(found(target), tuple(args), named | how)

    def _module(self, node: Node, module: nn.Module, args: Iterable[Any]) -> fx.Node:
        name = local(node.id)
        place = free_name(name, self.root._modules)
        self.root.add_module(place, module)
        return self.built.create_node("call_module", place, tuple(args), {}, name=name)

    def _call(self, node: Node) -> fx.Node:
        call = self.calls[node.id]
        program = self.invoked[node.id].graph
        whole = call.all or (
            call.outputs == tuple(program.outputs) and call.given.keys() == set(call_order(program))
        )
        mode = {"": None, "training": True, "evaluation": False}[node.attrs["mode"]]
        if self.viewed is not None:
            mode = False
        module = NetworkCall(
            self.game.averages if call.average else self.viewed or self.game.networks,
            call.network,
            call.entry,
            self.stage,
            node.attrs["draws"] or node.id,
            outputs=None if whole else call.outputs,
            holds=held(self.game.irs[call.network], node.attrs["holds"]),
            training=mode,
        )
        order = [name for name in call_order(program) if name in call.given]
        return self._module(node, module, [self.values[call.given[name]] for name in order])

    def _output(self, node: Node) -> fx.Node:
        (of,) = node.operands
        index = node.attrs["index"]
        call = self.calls.get(of)
        if call is not None and not call.all:  # it gives what is read alone
            index = call.outputs.index(self.graph[of].attrs["outputs"][index][0])
        return self.built.call_function(operator.getitem, (self.values[of], index))

    def _weights(self, node: Node) -> fx.Node:
        attrs, networks = node.attrs, self.viewed or self.game.networks
        weights = NetworkWeights(networks, attrs["network"], attrs["path"], tuple(attrs["skip"]))
        return self._module(node, weights, ())

    def _augment(self, node: Node) -> fx.Node:
        module = Augmented(
            pipe_of(node),
            node.attrs["chance"],
            self.game.data_range,
            draws_of(node),
            kinds_of(self.graph, node),
        )
        images = [self.values[id_] for id_ in node.inputs["x"]]
        p = [self.values[id_] for id_ in node.inputs.get("p", ())]
        return self._module(node, module, (images, *p))


_SPECIAL: dict[str, Callable[[_Build, Node], fx.Node]] = {
    "call": _Build._call,
    "output": _Build._output,
    "weights": _Build._weights,
    "augment": _Build._augment,
}
"""What is no function of tensors."""


def _source(node: Node) -> Source:
    """What the executor gives for a source of the graph."""
    attrs, shape = node.attrs, tuple(node.type.shape)
    match node.op:
        case "item":
            return Item(node.id, attrs["field"], attrs["kind"])
        case "state":
            return StateValue(node.id)
        case "clock":
            return ClockValue(node.id, attrs["number"])
        case "fade":
            return ClockValue(node.id, "fade")
        case "kept":
            return Kept(attrs["of"], tuple(attrs["shape"]), attrs["instead"])
    labels = attrs["distribution"] == "labels"
    return Drawn(
        attrs.get("draws") or node.id,
        () if labels else shape,
        attrs["distribution"],
        attrs["low"],
        float(shape[0]) if labels else attrs["high"],
        attrs["per"],
        node.type.kind == "Scalar",
        attrs["even"],
        tuple(attrs["numbers"]),
    )


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.replace("/", "_").replace("+", "_").split("_"))

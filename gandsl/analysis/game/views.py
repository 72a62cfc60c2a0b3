"""What a view computes: nodes that are shown or watched, in evaluation, without a player.

Networks are in evaluation mode, so a view moves nothing; and what regularizes training alone lets its first
input pass, as dropout does: `augment`, `crossover`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from gandsl.analysis.game.slices import PassIR, sliced
from gandsl.analysis.game.whole import Whole
from gandsl.ir.game import GameIR
from gandsl.ir.graph import Graph, NetworkIR, Node, Variant
from gandsl.ir.op import Trait
from gandsl_runtime.plan.game import PassPlan, PhasePlan


def view_slice(
    game: GameIR,
    networks: Mapping[str, NetworkIR],
    variant: Variant,
    nodes: Iterable[str],
    name: str = "view",
) -> PassIR:
    """The nodes as the values of a pass without terms; those that pass what they read are what that is."""
    graph, same = in_evaluation(game.graphs[variant])
    ends = tuple(same.get(id_, id_) for id_ in nodes)
    return sliced(Whole(graph, networks, variant), PhasePlan(name, (), ()), PassPlan(()), ends)


def views_of(game: GameIR, variant: Variant) -> dict[str, tuple[str, ...]]:
    """The views that a game has: their names, and the nodes of each."""
    plan = game.plan_at(variant)
    found = {"shows": plan.shows, "watches": tuple(plan.watches.values())}
    return {name: tuple(dict.fromkeys(nodes)) for name, nodes in found.items() if nodes}


def in_evaluation(graph: Graph) -> tuple[Graph, dict[str, str]]:
    """The graph without what regularizes training; by node of it, what passes in its place."""
    same: dict[str, str] = {}
    for node in graph:
        if node.spec.has(Trait.REGULARIZES) and node.type.kind != "Outputs":
            passed = node.inputs[node.spec.ports[0].name][0]
        elif node.op == "output" and (of := graph[node.operands[0]]).spec.has(Trait.REGULARIZES):
            passed = of.inputs[of.spec.ports[0].name][node.attrs["index"]]
        else:
            continue
        same[node.id] = same.get(passed, passed)
    left = graph.standing_for(same)
    nodes = {node.id: _evaluated(node) if node.op == "call" else node for node in left}
    return replace(left, nodes=nodes), same


def _evaluated(call: Node) -> Node:
    return replace(call, attrs={**call.attrs, "mode": "", "holds": ()})

"""A game over networks whose places moved: what it calls their outputs and weights, by their new names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gandsl.ir.game import GameIR
from gandsl.ir.graph import Graph, Node
from gandsl_runtime.plan.game import GamePlan, GameState, Player, Term

Moves = Mapping[str, Mapping[str, str]]  # network → old place → new place


def moved_game(game: GameIR, moves: Moves) -> GameIR:
    """The game with the names that its networks' places have now."""
    if not any(moves.values()):
        return game
    ids = {variant: _ids(graph, moves) for variant, graph in game.graphs.items()}
    all_ids = {old: new for one in ids.values() for old, new in one.items()}
    graphs = {variant: _graph(graph, ids[variant], moves) for variant, graph in game.graphs.items()}
    plans = {variant: _plan(plan, all_ids, moves) for variant, plan in game.plans.items()}
    return replace(game, graphs=graphs, plan=_plan(game.plan, all_ids, moves), plans=plans)


def _place(path: str, moved: Mapping[str, str]) -> str:
    """Where a place, or what it lies in, is now."""
    return next(
        (new + path[len(old) :] for old, new in moved.items() if path == old or path.startswith(f"{old}.")),
        path,
    )


def _ids(graph: Graph, moves: Moves) -> dict[str, str]:
    """Ids of nodes that pick an output by its name, and what they are now."""
    found = {}
    for node in graph:
        (of,) = node.operands if node.op == "output" else ("",)
        if of and graph[of].op == "call":
            name = graph[of].attrs["outputs"][node.attrs["index"]][0]
            if node.id == f"{of}.{name}":
                found[node.id] = f"{of}.{_place(name, moves.get(graph[of].attrs['network'], {}))}"
    return found


def _graph(graph: Graph, ids: Mapping[str, str], moves: Moves) -> Graph:
    nodes = (_node(node, ids, moves) for node in graph)
    outputs = {name: ids.get(id_, id_) for name, id_ in graph.outputs.items()}
    return replace(graph, nodes={node.id: node for node in nodes}, outputs=outputs)


def _node(node: Node, ids: Mapping[str, str], moves: Moves) -> Node:
    inputs = {port: tuple(ids.get(id_, id_) for id_ in read) for port, read in node.inputs.items()}
    attrs: dict[str, Any] = dict(node.attrs)
    moved = moves.get(attrs.get("network", ""), {})
    if node.op == "call":
        attrs["outputs"] = tuple((_place(name, moved), *rest) for name, *rest in attrs["outputs"])
    if node.op == "weights":
        attrs["path"] = _place(attrs["path"], moved)
        attrs["skip"] = tuple(_place(path, moved) for path in attrs["skip"])
    if node.op == "heard":
        attrs["node"] = ids.get(attrs["node"], attrs["node"])
    return replace(node, id=ids.get(node.id, node.id), inputs=inputs, attrs=attrs)


def _plan(plan: GamePlan, ids: Mapping[str, str], moves: Moves) -> GamePlan:
    def now(id_: str) -> str:
        return ids.get(id_, id_)

    def term(one: Term) -> Term:
        weight = now(one.weight) if isinstance(one.weight, str) else one.weight
        return replace(
            one, node=now(one.node), weight=weight, logs={k: now(node) for k, node in one.logs.items()}
        )

    def player(one: Player) -> Player:
        trains = []
        for place in one.trains:
            network, _, path = place.partition(".")
            trains.append(f"{network}.{_place(path, moves.get(network, {}))}" if path else network)
        return replace(one, trains=tuple(trains), terms=tuple(map(term, one.terms)))

    def state(one: GameState) -> GameState:
        return replace(one, next=now(one.next), heard=tuple(map(now, one.heard)))

    return replace(
        plan,
        players={name: player(one) for name, one in plan.players.items()},
        states=tuple(map(state, plan.states)),
        logs={name: now(node) for name, node in plan.logs.items()},
        shows=tuple(map(now, plan.shows)),
        watches={name: now(node) for name, node in plan.watches.items()},
    )

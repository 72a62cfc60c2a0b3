"""All functions of a game's source, and at which stages of growth each one holds, with which numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gandsl.analysis.game.kept import held, moves
from gandsl.analysis.game.linear import over_all
from gandsl.analysis.game.merging import merged
from gandsl.analysis.game.slices import PassIR, StateIR, hears, pass_slice, state_slice
from gandsl.analysis.game.views import view_slice, views_of
from gandsl.codegen.analysis.game.moments import passes_of
from gandsl.ir.game import GameIR
from gandsl.ir.graph import Graph, NetworkIR, Variant
from gandsl.ir.op import Trait
from gandsl.ir.split import call_order
from gandsl.spec.values import Size
from gandsl_runtime.plan.game import GameState, Term
from gandsl_runtime.plan.number import Curve, Stairs

Used = Mapping[str, tuple[str, ...]]
Slot = tuple[str, str]  # a node or a term, and its parameter


@dataclass(frozen=True)
class WrittenCall:
    """What a call of a network is written with: all of its program, though a pass may read less.

    What is run for nothing moves no state, and no gradient reaches it.
    """

    network: str
    entry: str
    given: tuple[str | None, ...]  # nodes, in call order; None where what is read needs none
    outputs: tuple[str, ...]  # names of what comes back, in order
    average: bool
    holds: tuple[str, ...]  # paths of layers
    draws: str  # "" where nothing is drawn
    mode: str


@dataclass(frozen=True)
class GameFunction:
    """A pass, or the next value of a state, at some variants that differ in numbers alone.

    `numbers`: what differs, by the parameter's name → variant → value; `slots`: where it stands.
    """

    name: str
    graph: Graph  # of the first variant
    nodes: tuple[str, ...]
    sources: tuple[str, ...]
    variants: tuple[Variant, ...]  # as training goes through them
    numbers: Mapping[str, Mapping[Variant, Any]]
    slots: Mapping[Slot, str]


@dataclass(frozen=True)
class PassFunction(GameFunction):
    """A pass of a phase, or a view. `used`: by variant and network, the layers with weights that run."""

    of: PassIR
    calls: Mapping[str, WrittenCall]
    over_all: frozenset[str]
    hears: tuple[tuple[str, str], ...]  # states and what they hear
    graphs: Mapping[Variant, Graph]
    used: Mapping[Variant, Used]
    shown: tuple[str, ...] = ()  # of a view, the nodes whose values it gives


@dataclass(frozen=True)
class StateFunction(GameFunction):
    """The next value of a state, of what was heard."""

    state: GameState
    heard: tuple[str, ...]  # nodes that were heard
    graphs: Mapping[Variant, Graph]


def pass_functions(game: GameIR, networks: Mapping[str, NetworkIR]) -> list[PassFunction]:
    """Every pass that the game may have, in the order of a step."""
    found: dict[tuple[object, ...], list[tuple[Variant, PassIR]]] = {}
    for variant in in_order(game.graphs):
        for key, (phase, part) in passes_of(game.plan_at(variant)).items():
            of = merged(game, pass_slice(game, networks, variant, phase, part))
            found.setdefault((key, part.batch is None, _shape(of, networks), hears(game, of)), []).append(
                (variant, of)
            )
    taken: set[str] = set()
    return [_pass_function(game, networks, alike, taken) for alike in found.values()]


def view_functions(game: GameIR, networks: Mapping[str, NetworkIR]) -> list[PassFunction]:
    """What is shown and watched: a function for each, at stages where it is the same."""
    found: dict[tuple[str, tuple[str, ...], object], list[tuple[Variant, PassIR]]] = {}
    for variant in in_order(game.graphs):
        for name, nodes in views_of(game, variant).items():
            of = merged(game, view_slice(game, networks, variant, nodes, name))
            found.setdefault((name, nodes, _shape(of, networks)), []).append((variant, of))
    taken: set[str] = set()
    return [
        replace(_pass_function(game, networks, alike, taken), shown=nodes)
        for (_, nodes, _), alike in found.items()
    ]


def _pass_function(
    game: GameIR,
    networks: Mapping[str, NetworkIR],
    alike: Sequence[tuple[Variant, PassIR]],
    taken: set[str],
) -> PassFunction:
    """One function for passes that differ in numbers alone; it shows the last."""
    variant, of = alike[-1]
    numbers, places = _differing({v: _numbers(one.whole.graph, one.nodes, one.terms) for v, one in alike})
    return PassFunction(
        _name(of, variant, len(game.graphs) > 1, taken),
        of.whole.graph,
        of.nodes,
        of.sources,
        tuple(v for v, _ in alike),
        numbers,
        places,
        of,
        {id_: _made(of, id_, networks) for id_ in of.calls},
        over_all(of),
        () if of.is_view else hears(game, of),
        {v: one.whole.graph for v, one in alike},
        {v: {} if of.is_view else one.used for v, one in alike},
    )


def state_functions(game: GameIR, networks: Mapping[str, NetworkIR]) -> list[StateFunction]:
    """How each state moves."""
    functions: list[StateFunction] = []
    taken: set[str] = set()
    for state in game.plan.states:
        found: dict[object, list[tuple[Variant, StateIR]]] = {}
        for variant in in_order(game.graphs):
            graph = game.graphs[variant]
            if state.id in graph.nodes:
                of = state_slice(game, networks, variant, [state.id])
                found.setdefault(_texture(graph, of.nodes), []).append((variant, of))
        for alike in found.values():
            variant, of = alike[-1]
            graph = game.graphs[variant]
            slots = {v: _numbers(game.graphs[v], one.nodes, ()) for v, one in alike}
            numbers, places = _differing(slots)
            functions.append(
                StateFunction(
                    _free(f"next_{state.id.replace('.', '_')}", taken),
                    graph,
                    of.nodes,
                    of.sources,
                    tuple(v for v, _ in alike),
                    numbers,
                    places,
                    state,
                    tuple(dict.fromkeys(graph[id_].attrs["node"] for id_ in of.heard)),
                    {v: game.graphs[v] for v, _ in alike},
                )
            )
    return functions


_VIEWS = {"shows": "shown", "watches": "watched"}


def _name(of: PassIR, variant: Variant, grows: bool, taken: set[str]) -> str:
    """`discriminator_loss`, `generator_loss_each_4`, `discriminator_loss_fading`."""
    base = _VIEWS.get(of.phase.name, "_and_".join(of.phase.players) + "_loss")
    base += f"_each_{of.phase.every}" if of.phase.every > 1 else ""
    base += "" if of.part.sampled else "_of_weights"
    base += "_fading" if grows and variant.fading else ""
    return _free(base, taken)


def _free(name: str, taken: set[str]) -> str:
    number = 1
    while (found := name if number == 1 else f"{name}_{number}") in taken:
        number += 1
    taken.add(found)
    return found


def _made(of: PassIR, id_: str, networks: Mapping[str, NetworkIR]) -> WrittenCall:
    call, node = of.calls[id_], of.whole.graph[id_]
    called = of.whole.calls[id_]
    order = call_order(called.graph)
    there = {name: one for name, one in called.given.items() if one in of.nodes}
    idle = [layer for layer in called.graph if layer.id not in call.layers]
    holds = held(networks[call.network], node.attrs["holds"])
    random = any(called.graph[layer].spec.has(Trait.RANDOM) for layer in call.layers)
    return WrittenCall(
        call.network,
        call.entry,
        tuple(there.get(name) for name in order),
        called.outputs,
        call.average,
        () if of.is_view else (*holds, *(one.id for one in idle if moves(one))),
        (node.attrs["draws"] or id_) if random else "",
        node.attrs["mode"],
    )


def scopes_of(layers: Sequence[str], network: NetworkIR) -> tuple[str, ...]:
    """Layers with weights by the largest scopes of which all is among them; "" is all of the network."""
    weighted = network.weighted()
    learned = [id_ for id_, (graph, node) in weighted.items() if node.spec.weights(graph.call(node))]
    return _largest(layers, learned)


Rows = tuple[tuple[str, Variant, Variant], ...]


def staged(passes: Iterable[PassFunction], networks: Mapping[str, NetworkIR]) -> dict[str, Rows]:
    """By network, scopes of layers with the first and the last stage that runs them, as stages follow."""
    return {name: _rows(by, networks[name]) for name, by in _running(passes).items()}


def alike(one: PassFunction, passes: Iterable[PassFunction]) -> bool:
    """Whether a pass runs all of its networks' layers that any of the passes runs at its stages."""
    every, own = _running(passes), _running([one])
    return all(every[name][variant] == layers for name, by in own.items() for variant, layers in by.items())


def _running(passes: Iterable[PassFunction]) -> dict[str, dict[Variant, set[str]]]:
    found: dict[str, dict[Variant, set[str]]] = {}
    for one in passes:
        for variant, used in one.used.items():
            for name, layers in used.items():
                found.setdefault(name, {}).setdefault(variant, set()).update(layers)
    return found


def in_order(variants: Iterable[Variant]) -> list[Variant]:
    """As training goes through them: a level fades in, then it is stable."""
    return sorted(variants, key=lambda variant: (variant.level, not variant.fading))


def _rows(by: Mapping[Variant, set[str]], network: NetworkIR) -> Rows:
    order = in_order(by)
    runs: dict[tuple[Variant, Variant], list[str]] = {}
    for id_ in network.weighted():
        there = [id_ in by[variant] for variant in order]
        for place, variant in enumerate(order):
            if there[place] and not (place and there[place - 1]):
                end = place
                while end + 1 < len(order) and there[end + 1]:
                    end += 1
                runs.setdefault((variant, order[end]), []).append(id_)
    return tuple(
        (scope, first, last) for (first, last), ids in runs.items() for scope in scopes_of(ids, network)
    )


def _largest(layers: Sequence[str], everything: Sequence[str]) -> tuple[str, ...]:
    wanted, rest = set(layers), {id_ for id_ in everything if id_ not in set(layers)}
    if not rest:
        return ("",)
    broken = {prefix for id_ in rest for prefix in _prefixes(id_)}
    return tuple(
        dict.fromkeys(
            next(prefix for prefix in _prefixes(id_) if prefix not in broken)
            for id_ in everything
            if id_ in wanted
        )
    )


def _prefixes(id_: str) -> list[str]:
    parts = id_.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)]


# ---- what is the same at several variants


def _is_number(value: Any) -> bool:
    if isinstance(value, tuple):
        return bool(value) and all(map(_is_number, value))
    return isinstance(value, int | float | Size) and not isinstance(value, bool)


_WRITTEN = frozenset(
    {"call", "output", "item", "draw", "kept", "clock", "state", "heard", "fade"}
)  # not by parameters


def _texture(graph: Graph, nodes: Iterable[str]) -> tuple[object, ...]:
    """What a function is, but for the numbers in it."""
    return tuple(
        (
            id_,
            graph[id_].op,
            tuple(graph[id_].inputs.items()),
            ()
            if graph[id_].op in _WRITTEN
            else tuple((k, None if _is_number(v) else v) for k, v in graph[id_].attrs.items()),
            len(graph[id_].type.shape),
        )
        for id_ in nodes
    )


def _shape(of: PassIR, networks: Mapping[str, NetworkIR]) -> tuple[object, ...]:
    return (
        _texture(of.whole.graph, of.nodes),
        tuple((name, of.at(name)) for name in of.values),
        of.kept,
        tuple(
            (t.id, t.node, t.weight if isinstance(t.weight, str) else _is_number(t.weight)) for t in of.terms
        ),
        tuple((one.node, one.weight) for one in of.terms if isinstance(one.weight, Curve | Stairs)),
        tuple(_made(of, id_, networks) for id_ in of.calls),
        over_all(of),
    )


def _numbers(graph: Graph, nodes: Iterable[str], terms: Iterable[Term]) -> dict[Slot, Any]:
    """Every number that stands in a function."""
    found: dict[Slot, Any] = {
        (id_, name): value
        for id_ in nodes
        if graph[id_].op not in _WRITTEN
        for name, value in graph[id_].attrs.items()
        if _is_number(value)
    }
    return found | {(term.id, "weight"): term.weight for term in terms if _is_number(term.weight)}


def _differing(
    slots: Mapping[Variant, Mapping[Slot, Any]],
) -> tuple[dict[str, dict[Variant, Any]], dict[Slot, str]]:
    """Names for the numbers that differ, with their values, and where each of them stands."""
    numbers: dict[str, dict[Variant, Any]] = {}
    places: dict[Slot, str] = {}
    for slot in next(iter(slots.values())):
        values = {variant: found[slot] for variant, found in slots.items()}
        if len(set(values.values())) == 1:
            continue
        name = next((known for known, others in numbers.items() if others == values), None)
        if name is None:
            name = _free(slot[1], {*numbers})
            numbers[name] = values
        places[slot] = name
    return numbers, places

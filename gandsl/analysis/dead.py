"""Nodes that no output depends on: named where the user wrote them, and taken out of the graphs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

from gandsl.analysis.facts import in_library, label
from gandsl.diagnostics import Diagnostic, Span
from gandsl.frontend.module import ModuleIR
from gandsl.ir.graph import Graph, Node
from gandsl.ir.types import is_a
from gandsl.spec.tree import Entry, Mapping, Tree

_USES = ("op", "block", "topology", "slot", "reuse")


def counted(module: ModuleIR) -> ModuleIR:
    """The module with the batch size read from inputs, where it was read from what nothing else needs."""
    return _each(module, _counted)


def pruned(module: ModuleIR) -> ModuleIR:
    """The module with live nodes and inputs alone."""
    return _each(module, _pruned)


def _each(module: ModuleIR, change: Callable[[Graph], Graph]) -> ModuleIR:
    networks = {
        name: replace(network, programs={v: change(graph) for v, graph in network.programs.items()})
        for name, network in module.networks.items()
    }
    return replace(module, networks=networks)


def _counted(graph: Graph) -> Graph:
    needed: set[str] = {node.id for node in graph.inputs}
    waiting = [*graph.outputs.values(), *([graph.styles] if graph.styles else [])]
    while waiting:
        id_ = waiting.pop()
        if id_ not in needed:
            needed.add(id_)
            waiting.extend(graph.reads(graph[id_]))
    nodes = {node.id: _counting(graph, node, needed) for node in graph}
    return graph if nodes == graph.nodes else replace(graph, nodes=nodes)


def _counting(graph: Graph, node: Node, needed: set[str]) -> Node:
    """The node; what it reads only for the batch's size, and nothing else reads, becomes an input."""
    counting = [port for port in node.spec.ports if port.counts]
    if not counting:
        return node
    inputs = dict(node.inputs)
    for port in counting:
        if not needed.issuperset(inputs.get(port.name, ())):
            fit = (one.id for one in graph.inputs if any(is_a(one.type.kind, kind) for kind in port.kinds))
            if (first := next(fit, None)) is not None:
                inputs[port.name] = (first,)
    return node if inputs == node.inputs else replace(node, inputs=inputs)


def _pruned(graph: Graph) -> Graph:
    if _is_live(graph):
        return graph
    return replace(graph, nodes={id_: node for id_, node in graph.nodes.items() if id_ in graph.live})


def _is_live(graph: Graph) -> bool:
    """Whether all of a graph is."""
    return len(graph.live) == len(graph.nodes)


def nodes_without_effect(written: ModuleIR, module: ModuleIR) -> Iterator[Diagnostic]:
    """W0703: entries of bodies all of whose nodes are dead, in every program of every network.

    `written` is the module before it was `counted`.
    """
    if all(_is_live(graph) for network in module.networks.values() for graph in network.programs.values()):
        return
    alive, counting = _liveness(module), _counters(written)
    bodies = [network.body for network in module.document.networks.values()]
    bodies += [block.body for block in module.document.blocks.values()]
    for body in bodies:
        for entry, below in _dead(body, alive):
            use = _place_of_use(entry.value)
            counter = counting.get(use) if use else None
            yield Diagnostic(
                "W0703",
                f"`{entry.key}` has no effect: no output depends on it",
                entry.key_span,
                secondary=(label(counter, "reads the size of the batch alone"),) if counter else (),
                help=_remedy(below) + (f"; `{counter.id}` can count an input instead" if counter else ""),
            )


def _remedy(below: Entry | None) -> str:
    """What to do about a dead entry; `below` it the next one lives, so that it begins a branch."""
    if below is None:
        return "delete it, or let a node below read it"
    return (
        f"`{below.key}`, below it, reads something else, and is what a node after it reads that names "
        "nothing: name this one where it is wanted, or delete it"
    )


def _counters(module: ModuleIR) -> dict[Span, Node]:
    """Place of a use → a node that reads the size of the batch there."""
    return {
        span: node
        for network in module.networks.values()
        for graph in network.programs.values()
        for node in graph
        for id_ in set(node.operands) - set(graph.reads(node))
        if node.op != "select"
        for span in _places(graph[id_])
    }


def _places(node: Node) -> tuple[Span, ...]:
    return (node.provenance.span, *(frame.span for frame in node.provenance.frames))


def _liveness(module: ModuleIR) -> dict[Span, bool]:
    """Place of a use → whether any node that came out of it is live."""
    alive: dict[Span, bool] = {}
    for network in module.networks.values():
        for graph in network.programs.values():
            live = graph.live.union(graph[id_].layer for id_ in graph.live)  # weights may be used again
            for node in graph:
                for span in _places(node):
                    alive[span] = alive.get(span, False) or node.id in live
    return alive


def _dead(body: Mapping, alive: dict[Span, bool]) -> Iterator[tuple[Entry, Entry | None]]:
    """The dead entries of a body, each with the next one if that lives, and those of the folds that live."""
    for entry, below in pairwise((*body, None)):
        assert entry is not None
        use = _place_of_use(entry.value)
        if in_library(entry.key_span) or use is None:
            continue
        if alive.get(use) is False:
            next_use = _place_of_use(below.value) if below else None
            yield entry, below if next_use and alive.get(next_use) else None
        elif isinstance(entry.value, Mapping) and isinstance(inner := entry.value.get("body"), Mapping):
            yield from _dead(inner, alive)


def _place_of_use(tree: Tree) -> Span | None:
    """The span that the frontend gives to nodes (or frames) that come out of an entry."""
    if not isinstance(tree, Mapping):
        return tree.span
    if value := tree.entries.get("value"):
        return value.value.span
    if fold := tree.entries.get("fold"):
        return fold.key_span
    return next((tree.entries[form].value.span for form in _USES if form in tree.entries), None)

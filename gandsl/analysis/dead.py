"""Nodes that no output depends on: named where the user wrote them, and taken out of the graphs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gandsl.analysis.facts import in_library
from gandsl.diagnostics import Diagnostic, Span
from gandsl.frontend.module import ModuleIR
from gandsl.ir.graph import Graph
from gandsl.spec.tree import Entry, Mapping, Tree

_USES = ("op", "block", "topology", "slot")


def pruned(module: ModuleIR) -> ModuleIR:
    """The module with live nodes and inputs alone."""
    networks = {
        name: replace(network, programs={v: _pruned(graph) for v, graph in network.programs.items()})
        for name, network in module.networks.items()
    }
    return replace(module, networks=networks)


def _pruned(graph: Graph) -> Graph:
    live = graph.live()
    if len(live) == len(graph.nodes):
        return graph
    return replace(graph, nodes={id_: node for id_, node in graph.nodes.items() if id_ in live})


def nodes_without_effect(module: ModuleIR) -> Iterator[Diagnostic]:
    """W0703: entries of bodies all of whose nodes are dead, in every program of every network."""
    alive = _liveness(module)
    bodies = [network.body for network in module.document.networks.values()]
    bodies += [block.body for block in module.document.blocks.values()]
    for body in bodies:
        for entry in _dead(body, alive):
            yield Diagnostic(
                "W0703",
                f"`{entry.key}` has no effect: no output depends on it",
                entry.key_span,
                help="delete it, or let a node below read it",
            )


def _liveness(module: ModuleIR) -> dict[Span, bool]:
    """Place of a use → whether any node that came out of it is live."""
    alive: dict[Span, bool] = {}
    for network in module.networks.values():
        for graph in network.programs.values():
            live = graph.live()
            for node in graph:
                for span in (node.provenance.span, *(frame.span for frame in node.provenance.frames)):
                    alive[span] = alive.get(span, False) or node.id in live
    return alive


def _dead(body: Mapping, alive: dict[Span, bool]) -> Iterator[Entry]:
    """The dead entries of a body, and of the folds in it that live."""
    for entry in body:
        use = _place_of_use(entry.value)
        if in_library(entry.key_span) or use is None:
            continue
        if alive.get(use) is False:
            yield entry
        elif isinstance(entry.value, Mapping) and isinstance(inner := entry.value.get("body"), Mapping):
            yield from _dead(inner, alive)


def _place_of_use(tree: Tree) -> Span | None:
    """The span that the frontend gives to nodes (or frames) that come out of an entry."""
    if not isinstance(tree, Mapping):
        return None
    if fold := tree.entries.get("fold"):
        return fold.key_span
    return next((tree.entries[form].value.span for form in _USES if form in tree.entries), None)

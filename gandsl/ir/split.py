"""Cutting a program at its style space: the mapping up to it, the synthesis from it on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gandsl.diagnostics.errors import InvariantError
from gandsl.ir.graph import Graph, Node

ENTRIES = ("forward", "mapping", "synthesis")


def entry_graph(graph: Graph, entry: str) -> Graph:
    """The program for an entry of `Network.program`.

    Raises ValueError for one that the network does not have.
    """
    if entry not in ENTRIES or (entry != "forward" and graph.styles is None):
        known = ENTRIES if graph.styles is not None else ENTRIES[:1]
        raise ValueError(f"{graph.network} has no entry {entry!r}, only {', '.join(known)}")
    return {"forward": lambda whole: whole, "mapping": mapping, "synthesis": synthesis}[entry](graph)


def call_order(graph: Graph) -> list[str]:
    """Ids of the inputs as arguments: in the order of the spec, the fade's scalar last."""
    return sorted((node.id for node in graph.inputs), key=lambda id_: graph[id_].type.kind == "Scalar")


def mapping(graph: Graph) -> Graph:
    """All inputs → styles [N, L, n]. It takes every input, read or not, so that callers need not know."""
    styles = _styles(graph)
    kept = graph.needed([styles]) | {node.id for node in graph.inputs}
    return Graph(
        graph.network,
        {node.id: node for node in graph if node.id in kept},
        {"styles": styles},
        {"styles": "Styles"},
    )


def synthesis(graph: Graph) -> Graph:
    """styles [N, L, n], then the inputs that are still read, then the fade's scalar → outputs.

    What is read on both sides of the cut (an embedding of y, say) is computed on both. Sources that take
    only the batch size from a tensor take it from the styles.
    """
    styles = _styles(graph)
    nodes = {node.id: _like(node, styles) for node in graph}
    given = Node(
        styles,
        "input",
        {},
        {"kind": "Styles", "shape": graph[styles].type.shape, "distribution": ""},
        graph[styles].type,
        graph[styles].provenance,
    )
    whole = replace(graph, nodes=nodes | {styles: given})
    scalars = {node.id for node in graph.inputs if node.type.kind == "Scalar"}
    kept = whole.needed(graph.outputs.values()) | scalars
    rest = {id_: node for id_, node in nodes.items() if id_ in kept and id_ != styles}
    return Graph(graph.network, {styles: given} | rest, graph.outputs, graph.output_kinds)


def part_of(graph: Graph, outputs: Iterable[str]) -> Graph:
    """What makes some outputs, of the inputs that this reads."""
    made = {name: graph.outputs[name] for name in outputs}
    kept = graph.needed(made.values())
    return Graph(
        graph.network,
        {node.id: node for node in graph if node.id in kept},
        made,
        {name: graph.output_kinds[name] for name in made},
    )


def _styles(graph: Graph) -> str:
    if graph.styles is None:
        raise InvariantError(f"{graph.network} has no style space to cut at")
    return graph.styles


def _like(node: Node, styles: str) -> Node:
    """The node, reading its batch size from the styles if it reads one."""
    return replace(node, inputs={**node.inputs, "like": (styles,)}) if "like" in node.inputs else node

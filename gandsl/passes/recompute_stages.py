"""Compute the features of stages again in the backward, instead of keeping them."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from torch import fx

from gandsl.lowering.tree import over
from gandsl.passes.base import Pass, PassRecord
from gandsl.passes.rewrite import helper
from gandsl.passes.target import Target
from gandsl_runtime.layers import Recomputed

CALLS = ("call_module", "call_function")


@dataclass(frozen=True)
class RecomputeStages(Pass):
    """The nodes of a stage become one call, which keeps its inputs alone (arXiv:1604.06174)."""

    name: ClassVar[str] = "recompute-stages"
    promise: ClassVar[str] = "equal outputs and derivatives to the bit; draws are repeated, state moves once"

    def apply(self, module: fx.GraphModule, log: PassRecord, target: Target) -> None:
        for stage in target.recomputed:
            if target.mode != "train":
                log.skip(stage, "nothing is kept in inference")
                continue
            nodes = _nodes(module.graph, stage)
            if not nodes:
                continue  # another program's
            if not _read(nodes):
                log.skip(stage, "only its state is wanted: nothing outside reads it")
                continue
            if _interrupted(module.graph, set(nodes)):
                log.skip(stage, "its nodes wait for others in between")
                continue
            _enclose(module, nodes, f"recomputed_{stage.replace('.', '_')}")
            log.fire(stage, f"{len(nodes)} nodes became one call")


def _nodes(graph: fx.Graph, stage: str) -> list[fx.Node]:
    """The stage's calls, in order, and the weights that only these read: others may have been merged."""
    calls = {node for node in graph.nodes if node.op in CALLS and node.meta["id"].startswith(f"{stage}.")}
    return [
        node
        for node in graph.nodes
        if node in calls or (node.op == "get_attr" and calls.issuperset(node.users))
    ]


def _read(nodes: Sequence[fx.Node]) -> list[fx.Node]:
    """Those of the nodes that others read."""
    inside = set(nodes)
    return [node for node in nodes if not inside.issuperset(node.users)]


def _interrupted(graph: fx.Graph, nodes: set[fx.Node]) -> bool:
    """Whether something outside reads these nodes and is read by them again."""
    behind: set[fx.Node] = set()
    for node in graph.nodes:
        reads = set(node.all_input_nodes)
        if node in nodes:
            if reads & behind:
                return True
        elif reads & (nodes | behind):
            behind.add(node)
    return False


def _enclose(module: fx.GraphModule, nodes: Sequence[fx.Node], name: str) -> None:
    """Put one call in the place of these nodes, which are in order."""
    graph, inside = module.graph, set(nodes)
    given = list(dict.fromkeys(x for node in nodes for x in node.all_input_nodes if x not in inside))
    made = _read(nodes)
    inner = fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    for node in given:
        copies[node] = inner.placeholder(node.name)
        copies[node].meta = dict(node.meta)
    for node in nodes:
        copies[node] = inner.node_copy(node, copies.__getitem__)
    results = tuple(copies[node] for node in made)
    inner.output(results[0] if len(results) == 1 else results)
    module.add_module(name, Recomputed(over(module, inner, "Stage")))

    with graph.inserting_before(nodes[0]):
        call = helper(graph.create_node("call_module", name, tuple(given), name=name), nodes[0])
        parts = [call]
        if len(made) > 1:
            parts = [graph.call_function(operator.getitem, (call, index)) for index in range(len(made))]
    call.meta["ids"] = tuple(id_ for node in nodes for id_ in node.meta["ids"])
    for part, node in zip(parts, made, strict=True):
        one = {"single": True} if "single" in node.meta else {}
        part.meta.update({"type": node.meta["type"], **one} if part is call else {**node.meta, "ids": ()})
        node.replace_all_uses_with(part, delete_user_cb=lambda user: user not in inside)
    for node in reversed(nodes):
        graph.erase_node(node)
    _sort(graph)


def _sort(graph: fx.Graph) -> None:
    """Put the nodes in an order in which each comes after what it reads, changing as little as can be."""
    placed: set[fx.Node] = set()
    order: list[fx.Node] = []

    def place(node: fx.Node) -> None:
        if node in placed:
            return
        placed.add(node)
        for source in node.all_input_nodes:
            place(source)
        order.append(node)

    for node in list(graph.nodes):
        place(node)
    for before, node in pairwise(order):
        before.append(node)

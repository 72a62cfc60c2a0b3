"""What differentiating a node takes: which products its gradients repeat, which tensors it keeps for them.

What the ops' rows say of one node, and the walk that says where gradients flow. Eager autograd is what is
modelled: a product y = a·b costs as much again for each operand that needs a gradient, and keeps a where b
needs one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from gandsl.ir.graph import Graph, Node
from gandsl.ir.op import WEIGHT, Fused, Keep, Products
from gandsl.records import dataclass


def products(graph: Graph, node: Node) -> Products:
    """The node's products, for one sample."""
    return node.spec.products(graph.call(node), node.type)


@dataclass(frozen=True)
class GradientFlow:
    """Where gradients flow in a program: to `sources` (ids), and to the weights if they are trained."""

    graph: Graph
    sources: frozenset[str] = frozenset()
    weights: bool = True

    def active(self) -> frozenset[str]:
        """Ids of the nodes whose output needs a gradient."""
        found: set[str] = set()
        for node in self.graph:
            learned = self.weights and node.id in self.graph.learned
            if node.id in self.sources or learned or any(id_ in found for id_ in self.graph.reads(node)):
                found.add(node.id)
        return frozenset(found)


def needs(node: Node, names: tuple[str, ...], active: frozenset[str], weights: bool) -> bool:
    """Whether one of the named ports (or the node's own weights) needs a gradient."""
    return any(
        weights if name == WEIGHT else any(id_ in active for id_ in node.inputs.get(name, ()))
        for name in names
    )


def backward_macs(flow: GradientFlow) -> dict[str, int]:
    """Multiply-adds of a backward pass, one sample, by node: a product again for each operand in need."""
    active = flow.active()
    return {
        node.id: sum(
            product.macs * sum(needs(node, side, active, flow.weights) for side in (product.a, product.b))
            for product in products(flow.graph, node)
        )
        for node in flow.graph
    }


def kept_elements(flow: GradientFlow) -> dict[str, int]:
    """Numbers kept for the backward pass, one sample, by the node that makes them; shared ones count once."""
    active = flow.active()
    found = dict.fromkeys(flow.graph.nodes, 0)
    tensors: set[str] = set()
    readers = readers_of(flow.graph)
    for node in flow.graph:
        for keep in node.spec.keeps:
            if keep.when is not None and not keep.when(flow.graph.call(node)):
                continue
            if not (
                needs(node, keep.needed_by, active, flow.weights) if keep.needed_by else node.id in active
            ):
                continue
            if keep.extra is not None:
                found[node.id] += keep.extra(flow.graph.call(node), node.type)
            elif keep.what == "output" or overwritten(flow.graph, node, keep, readers):
                tensors.add(node.id)
            else:
                tensors.update(node.inputs.get(keep.what, ()))
    for id_ in tensors:
        found[id_] += flow.graph[id_].type.elements
    return found


def readers_of(graph: Graph) -> Counter[str]:
    """How often each node is read, as an output too."""
    found = Counter(id_ for node in graph for id_ in node.operands)
    found.update(graph.outputs.values())
    return found


def overwritten(graph: Graph, node: Node, keep: Keep, readers: Mapping[str, int]) -> bool:
    """Whether what is kept is overwritten: the node is fused with a product that nobody else reads."""
    if not keep.in_place:
        return False
    (before,) = (graph[id_] for id_ in node.inputs[keep.what])
    while before.spec.fused is Fused.ADDED and readers[before.id] == 1:
        before = graph[before.inputs["x"][0]]
    return before.spec.fused is Fused.PRODUCT and readers[before.id] == 1


def combined(*parts: Mapping[str, int]) -> dict[str, int]:
    """Sums by id."""
    total: dict[str, int] = {}
    for part in parts:
        for id_, value in part.items():
            total[id_] = total.get(id_, 0) + value
    return total

"""What differentiating a node takes: which products its gradients repeat, which tensors it keeps for them.

What the ops' rows say of one node, and the walk that says where gradients flow. Eager autograd is what is
modelled: a product y = a·b costs as much again for each operand that needs a gradient, and keeps a where b
needs one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from gandsl.ir.graph import Graph, Node
from gandsl.ir.op import WEIGHT, Fused, Keep, Products


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
            learned = self.weights and bool(node.spec.weights(self.graph.call(node)))
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


def penalty_macs(graph: Graph, sources: frozenset[str]) -> dict[str, int]:
    """Multiply-adds of a penalty on the gradient to `sources`, without the forward pass, one sample, by node.

    Three passes: the gradient itself (operands that depend on the sources); its derivative, in which a
    product ga = gy·b costs one for gy (unless that is constant, next to the output) and one for b if it
    needs a gradient; and the forward pass's own backward, which second derivatives and the trainer reach.
    Exact for eager torch except for strided convolutions, whose weight gradient torch computes a little too
    large there.
    """
    inner = GradientFlow(graph, sources, weights=False).active()
    every = GradientFlow(graph, sources, weights=True).active()
    varying = _varying_gradients(graph, inner, every)
    full = backward_macs(GradientFlow(graph, sources))
    found = {}
    for node in graph:
        macs = full[node.id]
        for product in products(graph, node):
            for side, other in ((product.a, product.b), (product.b, product.a)):
                if needs(node, side, inner, False):
                    macs += product.macs * (1 + (node.id in varying) + needs(node, other, every, True))
        found[node.id] = macs
    return found


def _varying_gradients(graph: Graph, inner: frozenset[str], every: frozenset[str]) -> set[str]:
    """Nodes on the way to the sources whose output's gradient depends on weights or sources itself."""
    found: set[str] = set()
    for node in reversed(list(graph)):
        if node.id not in inner:
            continue
        made = products(graph, node)
        linear = bool(made) or not node.spec.keeps
        for product in made:
            linear &= not (
                (needs(node, product.a, inner, False) and needs(node, product.b, every, True))
                or (needs(node, product.b, inner, False) and needs(node, product.a, every, True))
            )
        if node.id in found or not linear:
            found.update(id_ for id_ in node.operands if id_ in inner)
    return found


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


def penalty_elements(graph: Graph, sources: frozenset[str]) -> dict[str, int]:
    """What a penalty keeps, by node: as a backward pass, and the gradients that its own derivative needs."""
    found = kept_elements(GradientFlow(graph, sources))
    inner = GradientFlow(graph, sources, weights=False).active()
    for node in graph:
        if node.id in inner and node.id not in sources and not all(k.mask for k in node.spec.keeps):
            found[node.id] += node.type.elements
    return found


def combined(*parts: Mapping[str, int]) -> dict[str, int]:
    """Sums by id."""
    total: dict[str, int] = {}
    for part in parts:
        for id_, value in part.items():
            total[id_] = total.get(id_, 0) + value
    return total

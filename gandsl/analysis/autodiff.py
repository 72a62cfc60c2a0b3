"""What differentiating a node takes: which products its gradients repeat, which tensors it keeps for them.

Two tables over the ops, and the walk that says where gradients flow. Eager autograd is what is modelled: a
product y = a·b costs as much again for each operand that needs a gradient, and keeps a where b needs one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gandsl.ir.graph import Graph, Node
from gandsl.ir.op import Call
from gandsl.ir.types import TensorType

WEIGHT = "weight"  # the op's own learned tensors, beside its ports


@dataclass(frozen=True, slots=True)
class Product:
    """`macs` multiply-adds of two operands; each names the ports (or WEIGHT) that it is made of."""

    macs: int
    a: tuple[str, ...]
    b: tuple[str, ...]


def _attention(call: Call, macs: int) -> tuple[Product, ...]:
    (queries, dim), (keys, _) = call.input("q").shape, call.input("k").shape
    scores = queries * keys * dim
    return Product(scores, ("q",), ("k",)), Product(macs - scores, ("q", "k"), ("v",))


def _weighted(call: Call, macs: int) -> tuple[Product, ...]:
    return (Product(macs, ("x",), (WEIGHT,)),)


# op → its products; an op without multiply-adds has none
PRODUCTS: dict[str, Callable[[Call, int], tuple[Product, ...]]] = {
    "conv": _weighted,
    "conv_transpose": _weighted,
    "linear": _weighted,
    "modulated_conv": lambda call, macs: (Product(macs, ("x", "style"), (WEIGHT,)),),  # (x · style) · weight
    "dot": lambda call, macs: (Product(macs, ("a",), ("b",)),),
    "attention": _attention,
}


def products(graph: Graph, node: Node) -> tuple[Product, ...]:
    """The node's products, for one sample."""
    call = graph.call(node)
    macs = node.spec.macs(call, node.type)
    return PRODUCTS[node.op](call, macs) if macs else ()


@dataclass(frozen=True, slots=True)
class Keep:
    """A tensor kept for the backward pass where one of `needed_by` needs a gradient (empty: the output).

    `what` is a port's name or "output"; or `extra` counts the elements of an intermediate result, one sample.
    """

    what: str
    needed_by: tuple[str, ...] = ()
    extra: Callable[[Call, TensorType], int] | None = None


def _modulated(call: Call, out: TensorType) -> int:
    """x · style, and the result before demodulation."""
    return call.input("x").elements + out.elements * bool(call.demodulate)


X, OUTPUT = Keep("x"), Keep("output")
_INPUT_OF_WEIGHT = (Keep("x", (WEIGHT,)),)
_NOTHING: tuple[Keep, ...] = ()

KEEPS: dict[str, tuple[Keep, ...]] = {
    "input": _NOTHING,
    "constant": _NOTHING,
    "coordinates": _NOTHING,
    "fourier_features": (Keep("waves", (), lambda call, out: 2 * out.elements),),
    "conv": (X,),  # torch keeps it where the weight is frozen too
    "conv_transpose": (X,),
    "linear": _INPUT_OF_WEIGHT,
    "modulated_conv": (Keep("x", ("style",)), Keep("x · style", (), _modulated)),
    "embedding": _NOTHING,
    "one_hot": _NOTHING,
    "bias": _NOTHING,
    "gain": _INPUT_OF_WEIGHT,
    "noise": (Keep("plane of noise", (WEIGHT,), lambda call, out: out.shape[1] * out.shape[2]),),
    "broadcast_styles": _NOTHING,
    "chunks": _NOTHING,
    "stack": _NOTHING,
    "select": _NOTHING,
    "track_average": _NOTHING,
    "modulate": (Keep("x", ("scale",)), Keep("scale", ("x",))),
    "normalize_magnitude": _NOTHING,
    "batch_norm": (X,),
    "instance_norm": (X,),
    "group_norm": (X,),
    "layer_norm": (X,),
    "pixel_norm": (X,),
    "relu": (OUTPUT,),
    "leaky_relu": (X,),
    "tanh": (OUTPUT,),
    "sigmoid": (OUTPUT,),
    "silu": (X,),
    "gelu": (X,),
    "softplus": (X,),
    "glu": (X,),
    "clamp": (X,),
    "scale": _NOTHING,
    "quantize": _NOTHING,
    "dropout": (Keep("mask", (), lambda call, out: out.elements),),
    "upsample": _NOTHING,
    "pool": (X,),
    "resize": (X,),
    "fir": (X,),  # a depthwise convolution
    "lowpass": (X,),
    "global_pool": _NOTHING,
    "pixel_shuffle": _NOTHING,
    "pixel_unshuffle": _NOTHING,
    "pad": _NOTHING,
    "add": _NOTHING,
    "concat": _NOTHING,
    "multiply": (Keep("a", ("b",)), Keep("b", ("a",))),
    "lerp": _NOTHING,
    "dot": (Keep("a", ("b",)), Keep("b", ("a",))),
    "slice_channels": _NOTHING,
    "minibatch_stddev": (X,),
    "minibatch_similarity": (X, OUTPUT),  # and the pairs of the batch, which no count for one sample tells
    "flatten": _NOTHING,
    "reshape": _NOTHING,
    "to_tokens": _NOTHING,
    "from_tokens": _NOTHING,
    "attention": (
        Keep("q", ("k",)),
        Keep("k", ("q",)),
        Keep("v", ("q", "k")),
        Keep("scores", (), lambda call, out: call.input("q").shape[0] * call.input("k").shape[0]),
    ),
}


@dataclass(frozen=True)
class Flow:
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


def backward_macs(flow: Flow) -> dict[str, int]:
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
    inner = Flow(graph, sources, weights=False).active()
    every = Flow(graph, sources, weights=True).active()
    varying = _varying_gradients(graph, inner, every)
    full = backward_macs(Flow(graph, sources))
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
        linear = node.op in PRODUCTS or not KEEPS[node.op]
        for product in products(graph, node):
            linear &= not (
                (needs(node, product.a, inner, False) and needs(node, product.b, every, True))
                or (needs(node, product.b, inner, False) and needs(node, product.a, every, True))
            )
        if node.id in found or not linear:
            found.update(id_ for id_ in node.operands if id_ in inner)
    return found


def kept_elements(flow: Flow) -> dict[str, int]:
    """Numbers kept for the backward pass, one sample, by the node that makes them; shared ones count once."""
    active = flow.active()
    found = dict.fromkeys(flow.graph.nodes, 0)
    tensors: set[str] = set()
    readers = Counter(id_ for node in flow.graph for id_ in node.operands)
    readers.update(flow.graph.outputs.values())
    for node in flow.graph:
        for keep in KEEPS[node.op]:
            if not (
                needs(node, keep.needed_by, active, flow.weights) if keep.needed_by else node.id in active
            ):
                continue
            if keep.extra is not None:
                found[node.id] += keep.extra(flow.graph.call(node), node.type)
            elif keep.what == "output" or _in_place(flow.graph, node, readers):
                tensors.add(node.id)
            else:
                tensors.update(node.inputs.get(keep.what, ()))
    for id_ in tensors:
        found[id_] += flow.graph[id_].type.elements
    return found


def _in_place(graph: Graph, node: Node, readers: Mapping[str, int]) -> bool:
    """Whether the activation overwrites its input: it rides along with a product that nobody else reads."""
    if node.op not in ("relu", "leaky_relu"):
        return False
    (before,) = (graph[id_] for id_ in node.inputs["x"])
    while before.op in ("noise", "bias") and readers[before.id] == 1:
        before = graph[before.inputs["x"][0]]
    return before.op in (*PRODUCTS, "fir") and readers[before.id] == 1


# ops whose gradient is linear in the incoming one with factors that need no keeping of it
_MASKS = frozenset({"relu", "leaky_relu", "clamp", "pool", "dropout"})


def penalty_elements(graph: Graph, sources: frozenset[str]) -> dict[str, int]:
    """What a penalty keeps, by node: as a backward pass, and the gradients that its own derivative needs."""
    found = kept_elements(Flow(graph, sources))
    inner = Flow(graph, sources, weights=False).active()
    for node in graph:
        if node.id in inner and node.id not in sources and KEEPS[node.op] and node.op not in _MASKS:
            found[node.id] += node.type.elements
    return found


def combined(*parts: Mapping[str, int]) -> dict[str, int]:
    """Sums by id."""
    total: dict[str, int] = {}
    for part in parts:
        for id_, value in part.items():
            total[id_] = total.get(id_, 0) + value
    return total

"""Multiply constants by constants, and compute once what is the same for every sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import fx

from gandsl.ir.op import Trait
from gandsl.passes.base import Pass, PassRecord
from gandsl.passes.rewrite import has_trait, helper, ir_node, is_plain, only_user, replace
from gandsl.passes.target import Target
from gandsl_runtime import ops

DIFFERS = {
    Trait.RANDOM: "draws for each sample",
    Trait.STATEFUL: "counts samples",
    Trait.BATCH_COUPLED: "looks at the batch",
    Trait.MEASURES_GRADIENT: "measures each sample's gradient",
}


@dataclass(frozen=True)
class ConstantFolding(Pass):
    """Fold factors into the op before or after, and evaluate what depends on no input for one sample only."""

    name: ClassVar[str] = "constant-folding"
    promise: ClassVar[str] = "equal outputs up to rounding"

    def apply(self, module: fx.GraphModule, log: PassRecord, target: Target) -> None:
        for node in list(module.graph.nodes):
            if _factor(node) is not None:
                _fold_factor(node, log)
        _compute_once(module.graph, log)


def _fold_factor(node: fx.Node, log: PassRecord) -> None:
    """factor · op(x) is op with its factor times that; so is leaky_relu(factor · x), for factors above 0."""
    factor, (below,) = _factor(node), node.all_input_nodes
    assert factor is not None
    above = only_user(node)
    ir = ir_node(below)
    name = ir.spec.factor if ir and is_plain(below, ir.op) else ""
    name = "number" if _is_multiple(below) else name
    if name:
        if only_user(below) is not node:
            log.skip(node, f"{below.meta['id']} is read by others too")
            return
        # fx types a keyword as anything that a graph may hold: those that `name` stands for are numbers
        below.update_kwarg(name, below.kwargs[name] * factor)  # type: ignore[operator]
        below.meta["type"] = node.meta["type"]
        log.fire(node, f"a factor of {below.meta['id']}")
        replace(node, below)
    elif above is not None and is_plain(above, "leaky_relu") and factor > 0:
        above.update_kwarg("gain", above.kwargs["gain"] * factor)  # type: ignore[operator]  # numbers, both
        log.fire(node, f"a factor of {above.meta['id']}")
        above.meta["ids"] = (*node.meta["ids"], *above.meta["ids"])
        above.replace_input_with(node, below)
        node.graph.erase_node(node)


def _factor(node: fx.Node) -> float | None:
    """The constant that a node multiplies its input by; None where it does not."""
    if is_plain(node, "scale"):
        return float(node.kwargs["factor"])  # type: ignore[arg-type]
    return float(node.kwargs["number"]) if _is_multiple(node) else None  # type: ignore[arg-type]


def _is_multiple(node: fx.Node) -> bool:
    """Whether it is a product with a number."""
    return is_plain(node, "times") and node.kwargs["number"] is not None


def _compute_once(graph: fx.Graph, log: PassRecord) -> None:
    """Feed sources one sample, follow it while nothing tells samples apart, and repeat it where that ends."""
    single: set[fx.Node] = set()
    for node in graph.nodes:
        ir = ir_node(node)
        if ir is None or ir.op == "input":
            continue
        if ir.spec.is_source:
            single.add(node)
        elif node.all_input_nodes and single.issuperset(node.all_input_nodes):
            why = next((reason for trait, reason in DIFFERS.items() if has_trait(node, trait)), None)
            if why is None:
                single.add(node)
            else:
                log.skip(node, f"the same for every sample so far, but it {why}")
    for node in list(graph.nodes):
        if node not in single:
            continue
        like = _like(node, single)
        if op_is_source(node):
            if not any(user in single for user in node.users):
                node.args = (like,)
                continue  # repeating costs nothing: it is a view
            with graph.inserting_before(node):
                one = helper(graph.call_function(ops.one_sample, (like,)), node)
            node.args = (one,)
            node.meta["like"] = like
        log.fire(node, "computed for one sample")
        outside = [user for user in node.users if user not in single]
        if outside:
            with graph.inserting_after(node):
                many = helper(graph.call_function(ops.repeat_sample, (node, like)), node)
            many.meta["type"] = node.meta["type"]
            for user in outside:
                user.replace_input_with(node, many)
        node.meta["single"] = True


def op_is_source(node: fx.Node) -> bool:
    """Whether the node makes a feature of nothing but a batch size."""
    ir = ir_node(node)
    return ir is not None and ir.spec.is_source


def _like(node: fx.Node, single: set[fx.Node]) -> fx.Node:
    """The tensor that gives the batch size to what `node` comes from: one that has a row for each sample."""
    while node in single:
        node = node.meta.get("like") or node.all_input_nodes[0]
    return node

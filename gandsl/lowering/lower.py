"""From one program of the IR to a torch.fx graph: one fx node for each primitive."""

from __future__ import annotations

from typing import Any

from torch import fx, nn

from gandsl.ir.graph import Graph, Node
from gandsl.ir.split import call_order
from gandsl.lowering.table import Layer, found, lower
from gandsl.lowering.tree import over


def lower_graph(graph: Graph, root: nn.Module, name: str | None = None) -> fx.GraphModule:
    """The program as a GraphModule over the layers below `root`, as `grow` builds them.

    Every fx node carries in `meta`: `id` (the IR node's), `ids` (all IR nodes whose work it does: more
    after fusion), `node` and `type` (of the IR), `span`, `provenance`, and `stack_trace`, by which torch
    quotes the spec in errors.
    """
    built = fx.Graph()
    values: dict[str, fx.Node] = {}
    for id_ in call_order(graph):
        values[id_] = built.placeholder(local(id_))
        describe(values[id_], graph[id_])
    for node in graph:
        if node.op != "input":
            values[node.id] = _emit(built, graph, node, values)
            describe(values[node.id], node)
    outputs = tuple(values[id_] for id_ in graph.outputs.values())
    built.output(outputs[0] if len(outputs) == 1 else outputs)
    return over(root, built, name or graph.network.title().replace("_", ""))


def _emit(built: fx.Graph, graph: Graph, node: Node, values: dict[str, fx.Node]) -> fx.Node:
    positional, by_name = node.arguments
    args = [[values[one] for one in ids] if isinstance(ids, tuple) else values[ids] for ids in positional]
    keywords: dict[str, Any] = {port: values[id_] for port, id_ in by_name.items()}
    target = lower(graph.call(node), node)
    name = local(node.id)
    if isinstance(target, Layer):
        return built.create_node("call_module", node.layer, tuple(args), keywords, name=name)
    return built.create_node(
        "call_function", found(target), tuple(args), keywords | dict(target.kwargs), name=name
    )


def local(id_: str) -> str:
    """The variable of torch.fx's code that holds a node's value; `self` is the module itself there."""
    name = id_.replace(".", "_")
    return f"{name}_" if name == "self" else name


def describe(fx_node: fx.Node, node: Node) -> None:
    """Say which IR node an fx node stands for, and where it was written."""
    span = node.provenance.span
    fx_node.meta.update(
        id=node.id,
        ids=(node.id,),
        node=node,
        type=node.type,
        span=span,
        provenance=node.provenance,
        stack_trace=f'File "{span.file}", line {span.line}, in {node.id}',
    )

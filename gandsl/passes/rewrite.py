"""Small steps that passes share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torch import fx, nn

from gandsl.ir.graph import Node
from gandsl.ir.op import Trait

ORIGIN = ("span", "provenance", "stack_trace")


def ir_node(node: fx.Node) -> Node | None:
    """The IR node whose call this is; None for what passes put in between."""
    return node.meta.get("node")


def op_of(node: fx.Node) -> str:
    """The op's name, or "" for what passes put in between."""
    found = ir_node(node)
    return found.op if found else ""


def is_plain(node: fx.Node, op: str) -> bool:
    """Whether it calls this op alone, with no other fused into it."""
    return op_of(node) == op and not node.meta.get("grouped", False)


def has_trait(node: fx.Node, trait: Trait) -> bool:
    """Whether its op has the trait."""
    found = ir_node(node)
    return found is not None and found.spec.has(trait)


def only_user(node: fx.Node) -> fx.Node | None:
    """The node that alone reads this one; None if there are several or it is the output."""
    if len(node.users) != 1:
        return None
    (user,) = node.users
    return None if user.op == "output" else user


def replace(old: fx.Node, new: fx.Node, *, absorb: bool = True) -> None:
    """Let everything that read `old` read `new`, and erase `old`.

    Unless told not to, `new` answers for its ids.
    """
    old.replace_all_uses_with(new)
    if absorb:
        new.meta["ids"] = (*new.meta["ids"], *(id_ for id_ in old.meta["ids"] if id_ not in new.meta["ids"]))
    old.graph.erase_node(old)


def helper(node: fx.Node, origin: fx.Node) -> fx.Node:
    """Mark a node that a pass put in as serving `origin`: it has its place, but is no IR node's call."""
    node.meta.update({key: origin.meta[key] for key in ORIGIN}, id=node.name, ids=())
    return node


def tensor_of(graph: fx.Graph, origin: fx.Node, name: str) -> fx.Node:
    """A node that reads a tensor of the layer `origin` calls: `conv0.weight`.

    Inserted at the graph's insert point.
    """
    target = f"{origin.target}.{name}"
    return helper(graph.create_node("get_attr", target, name=target.replace(".", "_")), origin)


def layer_of(module: fx.GraphModule, node: fx.Node) -> nn.Module:
    """The layer that a call_module node calls."""
    return module.get_submodule(str(node.target))


def nodes_of(graph: fx.Graph, ops: Iterable[str]) -> list[fx.Node]:
    """All calls of these ops, in order."""
    wanted = frozenset(ops)
    return [node for node in graph.nodes if op_of(node) in wanted]


def keyword(node: fx.Node, name: str, default: Any) -> Any:
    """A keyword argument of a call."""
    return node.kwargs.get(name, default)

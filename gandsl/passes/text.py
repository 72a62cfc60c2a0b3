"""A torch.fx graph as text: one line a node, in the spec's words."""

from __future__ import annotations

from typing import Any

from torch import fx


def graph_text(graph: fx.Graph) -> str:
    """`name = call(arguments)  : type  # file:line`, in order."""
    return "\n".join(_line(node) for node in graph.nodes)


def _line(node: fx.Node) -> str:
    if node.op == "output":
        return f"return {_argument(node.args[0])}"
    left = f"{node.name} = {_call(node)}"
    type_ = node.meta.get("type")
    span = node.meta.get("span")
    typed = f"  : {type_}" if type_ is not None else ""
    return left + typed + (f"  # {span.file}:{span.line}" if span is not None else "")


def _call(node: fx.Node) -> str:
    if node.op == "placeholder":
        return "input"
    if node.op == "get_attr":
        return f"self.{node.target}"
    name = (
        f"self.{node.target}"
        if node.op == "call_module"
        else getattr(node.target, "__name__", str(node.target))
    )
    given = [_argument(value) for value in node.args]
    given += [f"{key}={_argument(value)}" for key, value in node.kwargs.items()]
    return f"{name}({', '.join(given)})"


def _argument(value: Any) -> str:
    if isinstance(value, fx.Node):
        return value.name
    if isinstance(value, (list, tuple)):
        inner = ", ".join(_argument(item) for item in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' if len(value) == 1 else ''})"
    return repr(value)

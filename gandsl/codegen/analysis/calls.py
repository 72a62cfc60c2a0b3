"""What a node becomes in source, a layer or a function: the lowering's table decides."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from gandsl.ir.graph import Graph, Node
from gandsl.lowering.table import Layer, Target, imported, lower


@dataclass(frozen=True)
class NodeCall:
    """The call that stands for one node; every parameter has its value, defaults included."""

    node: Node
    target: Target
    kwargs: Mapping[str, Any]
    args: tuple[str | tuple[str, ...], ...]  # ids by port; a tuple for a variadic port
    keyword_args: Mapping[str, str]  # ids of ports behind one that is absent

    @property
    def is_layer(self) -> bool:
        return isinstance(self.target, Layer)

    @property
    def called(self) -> str:
        """The class or function as source names it: `layers.Conv2d`, `ops.relu`, `package.module.name`."""
        return f"{self.target.module.removeprefix('gandsl_runtime.')}.{self.target.name}"

    @property
    def signature(self) -> Signature:
        """Its parameters."""
        return _signature(self.target.module, self.target.name)


@dataclass(frozen=True)
class Signature:
    """A layer's or function's parameters: those that may stand without their name, and all defaults."""

    order: tuple[str, ...]
    positional: tuple[str, ...]  # required parameters that may be given by position
    defaults: Mapping[str, Any]


@cache
def _signature(module: str, name: str) -> Signature:
    """Of a class (its constructor) or a function."""
    parameters = inspect.signature(imported(module, name)).parameters.values()
    return Signature(
        tuple(p.name for p in parameters),
        tuple(p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD and p.default is p.empty),
        {p.name: p.default for p in parameters if p.default is not p.empty},
    )


def primitive(graph: Graph, node: Node) -> NodeCall:
    """The node's call."""
    target = lower(graph.call(node), node)
    positional, by_name = node.arguments
    return NodeCall(node, target, dict(target.kwargs), tuple(positional), by_name)


def modules_of(graph: Graph) -> set[str]:
    """Modules of installed packages that have ops of a program."""
    return {node.spec.module for node in graph if node.spec.module}

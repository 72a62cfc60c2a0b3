"""A backend of torch.compile that counts graphs, and runs them as they are or leaves them to another."""

from __future__ import annotations

from typing import Any

import torch


class Graphs:
    """`all`: graphs that were made; `symbolic`: those with a size that varies."""

    def __init__(self, backend: str | None = None) -> None:
        self.all, self.symbolic = 0, 0
        self._backend = torch._dynamo.lookup_backend(backend) if backend else None

    def __call__(self, graph: torch.fx.GraphModule, example: Any) -> Any:
        inputs = graph.graph.find_nodes(op="placeholder")
        self.all += 1
        self.symbolic += any(isinstance(node.meta["example_value"], torch.SymInt) for node in inputs)
        return graph.forward if self._backend is None else self._backend(graph, example)

"""A backend of torch.compile that runs graphs as they are, and counts them."""

from __future__ import annotations

from typing import Any

import torch


class Graphs:
    """`all`: graphs that were made; `symbolic`: those with a size that varies."""

    def __init__(self) -> None:
        self.all, self.symbolic = 0, 0

    def __call__(self, graph: torch.fx.GraphModule, example: Any) -> Any:
        inputs = graph.graph.find_nodes(op="placeholder")
        self.all += 1
        self.symbolic += any(isinstance(node.meta["example_value"], torch.SymInt) for node in inputs)
        return graph.forward

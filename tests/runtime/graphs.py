"""A backend of torch.compile that counts graphs, and runs them or leaves them to another; warnings kept."""

from __future__ import annotations

from typing import Any

import torch

from gandsl_runtime.game.compiled import remark_on


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


class Heard(list[str]):
    """Keeps what a compiler warns of, but the age of torch, which is warned of once below 2.13."""

    def warn(self, message: str) -> None:
        if message != remark_on(torch.__version__):
            self.append(message)


def fail(message: str) -> None:
    """The test that a compiler warns in, but of the age of torch."""
    (heard := Heard()).warn(message)
    assert not heard, message

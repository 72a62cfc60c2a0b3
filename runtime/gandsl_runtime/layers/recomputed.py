"""A part of a program whose features are not kept for the backward but computed again."""

from __future__ import annotations

from typing import Any

from torch import fx, nn

from gandsl_runtime.layers.base import Layer
from gandsl_runtime.recompute import recomputed


class Recomputed(Layer):
    """Runs `program` over layers that belong to others. No keys. The compiler puts it around stages."""

    def __init__(self, program: fx.GraphModule) -> None:
        super().__init__()
        called = {str(node.target) for node in program.graph.nodes if node.op == "call_module"}
        # in a tuple, so that their parameters do not appear here
        self._inner: tuple[fx.GraphModule, list[nn.Module]] = (
            program,
            [program.get_submodule(name) for name in sorted(called)],
        )

    @property
    def program(self) -> fx.GraphModule:
        """What it runs."""
        return self._inner[0]

    def extra_repr(self) -> str:
        """How much it runs."""
        return f"{len(self._inner[1])} layers"

    def forward(self, *args: Any) -> Any:
        return recomputed(*self._inner, *args)

"""Remove casts to 16 bits where the plan's fallback is computed: there they would never be active."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import fx

from gandsl.passes.base import Pass, PassRecord
from gandsl.passes.rewrite import op_of, replace
from gandsl.passes.target import Target


@dataclass(frozen=True)
class DropCasts(Pass):
    """Drop the casts of a plan with a fallback on a CPU, so that the passes after it see whole chains."""

    name: ClassVar[str] = "drop-casts"
    promise: ClassVar[str] = "equal outputs to the bit: training wakes no cast there"

    def apply(self, module: fx.GraphModule, log: PassRecord, target: Target) -> None:
        for node in [node for node in module.graph.nodes if op_of(node) == "cast"]:
            if not (target.falls_back and target.device == "cpu"):
                log.skip(node, "training may compute in 16 bits here")
                continue
            log.fire(node, "the plan's fallback is computed here")
            source = node.args[0]
            assert isinstance(source, fx.Node)
            replace(node, source, absorb=False)

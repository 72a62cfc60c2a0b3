"""Remove what no output reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import fx

from gandsl.ir.op import Trait
from gandsl.passes.base import Pass, PassRecord
from gandsl.passes.rewrite import has_trait
from gandsl.passes.target import Target


@dataclass(frozen=True)
class DeadCode(Pass):
    """Remove nodes that nothing reads.

    In training, those that keep running statistics stay: they are saved.
    """

    name: ClassVar[str] = "dead-code"
    promise: ClassVar[str] = "equal outputs, given the same random numbers; saved statistics still move"

    def apply(self, module: fx.GraphModule, log: PassRecord, target: Target) -> None:
        for node in reversed(list(module.graph.nodes)):
            if node.users or node.op in ("placeholder", "output"):
                continue
            if target.mode == "train" and has_trait(node, Trait.STATEFUL):
                log.skip(node, "nothing reads it, but it keeps statistics that are saved")
                continue
            log.fire(node, "nothing reads it")
            module.graph.erase_node(node)

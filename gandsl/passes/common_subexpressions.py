"""Compute once what is computed twice."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import ClassVar

from torch import fx

from gandsl.ir.op import Trait
from gandsl.ir.same import APART, frozen
from gandsl.passes.base import Pass, PassRecord
from gandsl.passes.rewrite import ir_node, is_plain, replace
from gandsl.passes.target import Target


@dataclass(frozen=True)
class CommonSubexpressions(Pass):
    """Merge calls that agree in op, parameters and inputs, and neither draw, learn, remember nor measure."""

    name: ClassVar[str] = "common-subexpressions"
    promise: ClassVar[str] = "equal outputs to the bit; derivatives up to the order of sums"

    def apply(self, module: fx.GraphModule, log: PassRecord, target: Target) -> None:
        seen: dict[Hashable, fx.Node] = {}
        for node in list(module.graph.nodes):
            ir = ir_node(node)
            if ir is None or ir.op == "input" or not is_plain(node, ir.op):
                continue
            key = (ir.op, frozen(ir.attrs), frozen(node.args), frozen(node.kwargs))
            first = seen.setdefault(key, node)
            if first is node:
                continue
            why = next((reason for trait, reason in APART.items() if ir.spec.has(trait)), None)
            if why is None and _learns(module, node):
                why = APART[Trait.WEIGHTED]
            if why is not None:
                log.skip(node, f"like {first.meta['id']}, but {why}")
                continue
            log.fire(node, f"is {first.meta['id']}")
            replace(node, first)


def _learns(module: fx.GraphModule, node: fx.Node) -> bool:
    return node.op == "call_module" and bool(module.get_submodule(str(node.target)).state_dict())

"""Do what follows a product in one pass over memory, and resampling in one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import fx

from gandsl.passes.base import Pass, PassRecord
from gandsl.passes.devices import of
from gandsl.passes.group_epilogues import PRODUCTS
from gandsl.passes.rewrite import layer_of, nodes_of, op_of
from gandsl.passes.target import Target
from gandsl_runtime.layers.epilogue import HOMOGENEOUS

ENDS = ("bias", "noise", "activation", "gain", "clamp")


@dataclass(frozen=True)
class FuseEpilogues(Pass):
    """A product's bias, noise, activation, gain and clamp become one operator, and so do its modulations.

    Filters become one operator too, whatever border they want. Runs after `group-epilogues`, which decides
    what is fused.
    """

    name: ClassVar[str] = "fuse-epilogues"
    promise: ClassVar[str] = "equal up to rounding, but for derivatives where the clamp begins to bite"

    def apply(self, module: fx.GraphModule, log: PassRecord, target: Target) -> None:
        choice = of(target).fuses_epilogues
        for node in nodes_of(module.graph, PRODUCTS):
            if node.op != "call_module":
                continue  # a part of merged affines
            ends = [name for name in ENDS if name in node.kwargs]
            bias = getattr(layer_of(module, node), "bias", None) is not None
            if not choice.value:
                log.skip(node, choice.why)
            elif node.kwargs.get("activation") not in HOMOGENEOUS:
                log.skip(node, f"the slope of {node.kwargs['activation']} is not told by its result")
            elif op_of(node) == "linear" and not ends:
                log.skip(node, "a matrix product takes its bias along")
            elif op_of(node) not in ("modulated_conv", "fir") and not (ends or bias):
                log.skip(node, "nothing follows it")
            else:
                node.update_kwarg("fused", True)
                log.fire(node, f"one operator: {', '.join(ends) or ('bias' if bias else 'itself')}")

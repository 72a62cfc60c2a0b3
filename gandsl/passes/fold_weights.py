"""Compute parametrized weights once: for inference, where weights stand still."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import fx, nn

from gandsl.passes.base import Pass, PassRecord
from gandsl.passes.rewrite import helper, layer_of
from gandsl.passes.target import Target
from gandsl_runtime.layers import Embedding, Folded, Linear, ModulatedConv2d, Weighted

FREE: dict[type[Weighted], str] = {
    Linear: "its scale rides in the matrix product",
    Embedding: "its scale multiplies the rows that are looked up, not the table",
    ModulatedConv2d: "its scale rides in the style",
}


@dataclass(frozen=True)
class FoldWeights(Pass):
    """Equalized and spectral weights are multiplied out once and kept as long as they don't change.

    Saved weights and their keys stay the training ones: the product is kept beside the program, and made
    anew when the weights are loaded, moved or written to.
    """

    name: ClassVar[str] = "fold-equalized-scale"
    promise: ClassVar[str] = (
        "equal outputs up to rounding, and equal derivatives; keys and saved weights stay"
    )

    def apply(self, module: fx.GraphModule, log: PassRecord, target: Target) -> None:
        for node in list(module.graph.nodes):
            layer = layer_of(module, node) if node.op == "call_module" else None
            if not isinstance(layer, Weighted) or "weight" in node.kwargs:
                continue
            if target.mode == "train":
                if layer.parametrization != "none":
                    log.skip(node, "in training the weights change on every step")
                continue
            why = _why_not(layer)
            if why is not None:
                log.skip(node, why)
                continue
            _fold(module, node, layer)
            log.fire(node, f"its {layer.parametrization} weight is multiplied out once")


def _why_not(layer: Weighted) -> str | None:
    if layer.parametrization == "spectral":
        return None
    if layer.scale == 1.0:
        return "its weight is used as it is stored"
    return FREE.get(type(layer))


def _fold(module: fx.GraphModule, node: fx.Node, layer: Weighted) -> None:
    if not hasattr(module, "folded"):
        module.add_module("folded", nn.Module())
    name = str(node.target).replace(".", "__")
    module.get_submodule("folded").add_module(name, Folded(layer))
    with module.graph.inserting_before(node):
        weight = helper(module.graph.call_module(f"folded.{name}"), node)
    node.update_kwarg("weight", weight)

"""Choose how each modulated convolution is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import fx

from gandsl.passes.base import Pass, PassRecord
from gandsl.passes.devices import of
from gandsl.passes.rewrite import layer_of, nodes_of
from gandsl.passes.target import Target
from gandsl_runtime.layers import ModulatedConv2d


@dataclass(frozen=True)
class ChooseModulatedForm(Pass):
    """Grouped: one weight for each sample, in one grouped convolution.

    Scaled: the shared weight, input and output scaled.
    """

    name: ClassVar[str] = "choose-modulated-form"
    promise: ClassVar[str] = "equal outputs up to rounding"

    def apply(self, module: fx.GraphModule, log: PassRecord, target: Target) -> None:
        for node in nodes_of(module.graph, ["modulated_conv"]):
            form, why = _choose(module, node, target)
            node.update_kwarg("form", form)
            log.fire(node, f"{form}: {why}")


def _choose(module: fx.GraphModule, node: fx.Node, target: Target) -> tuple[str, str]:
    if target.channels_last:
        return "scaled", "the grouped form puts samples beside channels, so features would be copied twice"
    choice = of(target).modulation(target, _weight_to_features(module, node))
    return choice.value, choice.why


def _weight_to_features(module: fx.GraphModule, node: fx.Node) -> float:
    """Numbers in the weight over numbers in one sample's input and output."""
    layer = layer_of(module, node)
    assert isinstance(layer, ModulatedConv2d)
    source, result = node.args[0], node.meta["node"].type
    assert isinstance(source, fx.Node)
    return layer.weight.numel() / (source.meta["type"].elements + result.elements)

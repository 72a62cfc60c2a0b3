"""Choose how each modulated convolution is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import fx

from gandsl.passes.base import Pass, PassRecord
from gandsl.passes.rewrite import layer_of, nodes_of
from gandsl.passes.target import Target
from gandsl_runtime.layers import ModulatedConv2d

# Form "grouped" passes over the weight for each sample, "scaled" over input and output. So what counts is
# how large the weight is against both. Measured on two CPU cores with one thread, torch 2.13, float32,
# batches 1, 2 and 8, forward and forward + backward (time of grouped / time of scaled):
#
#   weight/features     1 sample          8 samples
#   0.01 to 0.05        0.6 to 0.9        0.6 to 0.8      64→64 at 128², 128→64 up to 128², to RGB
#   0.14                0.7 to 0.8        1.1             128→128 at 64²
#   0.28                1.0 to 1.2        1.2 to 2.0      64→64 at 32²
#   1.1                 1.0 to 1.1        1.2             256→256 at 32²
#   3 to 150            0.9 to 2.2        2.0 to 12       512→512 from 4² to 16²
GROUPED_BELOW_ONE = 0.2
GROUPED_BELOW = 0.1


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
    if target.device == "cuda":
        # not measured by us: what the published implementation does by default (see reference 1912.04958)
        if target.mode == "inference" and (target.batch == 1 or target.dtype == "float32"):
            return "grouped", "on a GPU, in inference, one grouped convolution saves launches"
        return "scaled", "on a GPU, in training or half precision, large ungrouped convolutions run best"
    ratio = _weight_to_features(module, node)
    one = target.batch == 1
    limit = GROUPED_BELOW_ONE if one else GROUPED_BELOW
    size = f"the weight is {ratio:.2g} of the features, {'below' if ratio < limit else 'not below'} {limit}"
    return ("grouped" if ratio < limit else "scaled"), f"{size} (CPU, {'one sample' if one else 'a batch'})"


def _weight_to_features(module: fx.GraphModule, node: fx.Node) -> float:
    """Numbers in the weight over numbers in one sample's input and output."""
    layer = layer_of(module, node)
    assert isinstance(layer, ModulatedConv2d)
    source, result = node.args[0], node.meta["node"].type
    assert isinstance(source, fx.Node)
    return layer.weight.numel() / (source.meta["type"].elements + result.elements)

"""Merge style affines that stand side by side into one product."""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor, fx

from gandsl.passes.base import Pass, PassRecord
from gandsl.passes.devices import of
from gandsl.passes.rewrite import helper, is_plain, layer_of, nodes_of, replace, tensor_of
from gandsl.passes.target import Target
from gandsl_runtime import ops
from gandsl_runtime.layers import Linear
from gandsl_runtime.layers.weight import NORMALIZED


@dataclass(frozen=True)
class MergeStyleAffines(Pass):
    """Linear layers that read one style become one product; equal ones on styles of one list, a batched one.

    Where that does not pay (`passes.devices`) it is off unless `everywhere`.
    """

    name: ClassVar[str] = "merge-style-affines"
    promise: ClassVar[str] = "equal outputs up to rounding"
    everywhere: bool = False

    def apply(self, module: fx.GraphModule, log: PassRecord, target: Target) -> None:
        affines = [node for node in nodes_of(module.graph, ["linear"]) if _fits(module, node, log)]
        choice = of(target).merges_affines
        if not (choice.value or self.everywhere):
            for source, group in _grouped(affines, lambda node: (_source(node),)).items():
                if len(group) > 1:
                    log.skip(
                        source[0],
                        f"{len(group)} affines read it, but {choice.why}",
                    )
            return
        by_style = _grouped(affines, lambda node: (node.args[0], *_factors(module, node)))
        for group in by_style.values():
            if len(group) == 1:
                continue
            style = _input(group[0])  # by now, maybe a part of a product merged before
            _merge(module, group, ops.shared_linear, style)
            log.fire(style, f"{len(group)} products became one")
            affines = [node for node in affines if node not in group]
        by_list = _grouped(
            affines, lambda node: (_source(node), _shape(module, node), *_factors(module, node))
        )
        for (source, *_), group in by_list.items():
            if len(group) == 1 or not is_plain(_input(group[0]), "select"):
                log.skip(group[0], "no other affine of this size reads this style, or another of its list")
                continue
            _merge(module, group, ops.batched_linear, [node.args[0] for node in group])
            log.fire(source, f"{len(group)} products of equal size became one batched product")


def _grouped(nodes: Sequence[fx.Node], key: Callable[[fx.Node], Hashable]) -> dict[Any, list[fx.Node]]:
    groups: dict[Any, list[fx.Node]] = defaultdict(list)
    for node in nodes:
        groups[key(node)].append(node)
    return groups


def _fits(module: fx.GraphModule, node: fx.Node, log: PassRecord) -> bool:
    why = None
    if not is_plain(node, "linear"):
        why = "an activation is fused with it"
    elif node.meta["type"].kind == "Tokens":
        why = "it reads tokens"
    elif _layer(module, node).parametrization == "spectral":
        why = "its weight is spectral: a singular value each"
    elif _layer(module, node).parametrization in NORMALIZED:
        why = "its weight is normalized by itself"
    if why is not None:
        log.skip(node, why)
    return why is None


def _layer(module: fx.GraphModule, node: fx.Node) -> Linear:
    layer = layer_of(module, node)
    assert isinstance(layer, Linear)
    return layer


def _source(node: fx.Node) -> fx.Node:
    """The list of styles that the layer's input is one of; else its input."""
    style = _input(node)
    return _input(style) if is_plain(style, "select") else style


def _input(node: fx.Node) -> fx.Node:
    value = node.args[0]
    assert isinstance(value, fx.Node)
    return value


def _shape(module: fx.GraphModule, node: fx.Node) -> tuple[int, ...]:
    return tuple(_layer(module, node).weight.shape)


def _factors(module: fx.GraphModule, node: fx.Node) -> tuple[float, float, bool]:
    """What one product must share: the weight's factor, the bias' factor, and whether there is a bias."""
    layer = _layer(module, node)
    factor = layer.factor()
    assert not isinstance(factor, Tensor)
    return factor, layer.lr_multiplier, layer.bias is not None


def _merge(
    module: fx.GraphModule,
    affines: list[fx.Node],
    function: Callable[..., tuple[Tensor, ...]],
    styles: fx.Node | list[Any],
) -> None:
    graph, first = module.graph, affines[0]
    for style in styles if isinstance(styles, list) else ():
        if _comes_after(style, first):  # one style of a list may stand anywhere behind the list
            first.prepend(style)
    factor, bias_factor, has_bias = _factors(module, first)
    with graph.inserting_before(first):
        weights = [tensor_of(graph, node, "weight") for node in affines]
        biases = [tensor_of(graph, node, "bias") for node in affines] if has_bias else []
        merged = graph.call_function(
            function, (styles, weights, biases), {"factor": factor, "bias_factor": bias_factor}
        )
        helper(merged, first)
        parts = [graph.call_function(operator.getitem, (merged, index)) for index in range(len(affines))]
    for part, affine in zip(parts, affines, strict=True):
        part.meta.update(affine.meta, grouped=True)
        replace(affine, part, absorb=False)


def _comes_after(node: fx.Node, other: fx.Node) -> bool:
    return other < node

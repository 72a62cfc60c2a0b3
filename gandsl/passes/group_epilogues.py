"""Fuse noise, bias, activation, gain and clamp into the product before them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from torch import fx

from gandsl.ir.op import Fused
from gandsl.ir.ops import PRIMITIVES
from gandsl.passes.base import Pass, PassRecord
from gandsl.passes.rewrite import helper, ir_node, is_plain, layer_of, nodes_of, only_user, tensor_of
from gandsl.passes.target import Target
from gandsl_runtime import ops
from gandsl_runtime.layers import Bias

PRODUCTS = tuple(op.name for op in PRIMITIVES.values() if op.fused is Fused.PRODUCT)
STEPS = {op.name: op.fused for op in PRIMITIVES.values() if op.fused not in (None, Fused.PRODUCT)}
"""Op → its place behind a product."""


@dataclass(frozen=True)
class GroupEpilogues(Pass):
    """Convolutions, linear layers and filters take over what follows: noise, bias, activation, gain, clamp.

    A bias then costs nothing, a gain is folded into weight and bias (act(g·x) = g·act(x) for leaky_relu
    and relu), and an activation works in place: of up to five passes over memory, one or two are left.
    """

    name: ClassVar[str] = "group-epilogues"
    promise: ClassVar[str] = "equal outputs up to rounding, given the same random numbers"

    def apply(self, module: fx.GraphModule, log: PassRecord, target: Target) -> None:
        for product in nodes_of(module.graph, PRODUCTS):
            chain = _chain(product)
            if not chain.fused:
                log.skip(product, chain.end)
                continue
            names = ", ".join(ir_node(follower).op for follower in chain.fused)  # type: ignore[union-attr]  # all are IR's
            log.fire(product, f"with {names} ({chain.end})")
            _group(module, product, chain.fused)


@dataclass
class Chain:
    """What can be fused, in order, and why nothing more can."""

    fused: list[fx.Node] = field(default_factory=list)
    end: str = ""


def _chain(product: fx.Node) -> Chain:
    chain = Chain()
    last, step, seen = product, 0, set()
    while True:
        user = only_user(last)
        if user is None:
            chain.end = "an output" if len(last.users) == 1 else f"{len(last.users)} nodes read it"
            return chain
        ir = ir_node(user)
        op = ir.op if ir and is_plain(user, ir.op) else ""
        if op not in STEPS:
            chain.end = f"then {op or user.name}"
            return chain
        if STEPS[op] < step or op in seen:
            chain.end = f"then {op}, out of order"
            return chain
        if last.meta["type"].kind == "Tokens" and op in ("noise", "bias"):
            chain.end = f"then {op}, on tokens"
            return chain
        chain.fused.append(user)
        seen.add(op)
        step = STEPS[op] + (
            STEPS[op] > 0
        )  # one activation, one scale, one clamp; noise and bias in any order
        last = user


def _group(module: fx.GraphModule, product: fx.Node, fused: list[fx.Node]) -> None:
    graph, last = module.graph, fused[-1]
    result = last.meta["type"]  # before anything is taken over: a noise that gives its plane has another
    extras: dict[str, Any] = {}
    with graph.inserting_before(last):
        for follower in fused:
            op = ir_node(follower).op  # type: ignore[union-attr]
            if op not in TAKE:
                extras["activation"] = op
                op = "activation"
            TAKE[op](module, product, follower, extras)
    taken = [follower for follower in fused if follower is not extras.get("noise")]
    last.append(product)  # behind everything that it now reads
    product.kwargs = {**product.kwargs, **extras}
    product.meta.update(type=result, grouped=True)
    product.meta["ids"] = tuple(id_ for node in (product, *taken) for id_ in node.meta["ids"])
    last.replace_all_uses_with(product, delete_user_cb=lambda user: user is not product)
    for follower in reversed(taken):
        graph.erase_node(follower)


def _take_noise(module: fx.GraphModule, product: fx.Node, follower: fx.Node, extras: dict[str, Any]) -> None:
    """The noise layer stays where it is, and draws at the same moment, but gives its plane alone."""
    extras["noise"] = follower
    extras["strength"] = tensor_of(module.graph, follower, "strength")
    follower.replace_all_uses_with(product)
    follower.args, follower.kwargs = (product.args[0],), {"plane": True}
    follower.meta.pop("type")
    follower.meta["grouped"] = True


def _take_bias(module: fx.GraphModule, product: fx.Node, follower: fx.Node, extras: dict[str, Any]) -> None:
    layer = layer_of(module, follower)
    assert isinstance(layer, Bias)
    extras["bias"] = tensor_of(module.graph, follower, "bias")
    if layer.lr_multiplier != 1.0:
        extras["bias"] = helper(
            module.graph.call_function(ops.scale, (extras["bias"],), {"factor": layer.lr_multiplier}),
            follower,
        )


def _take_activation(
    module: fx.GraphModule, product: fx.Node, follower: fx.Node, extras: dict[str, Any]
) -> None:
    extras.update(follower.kwargs)  # slope and gain of a leaky_relu


def _take_scale(module: fx.GraphModule, product: fx.Node, follower: fx.Node, extras: dict[str, Any]) -> None:
    extras["gain"] = extras.get("gain", 1.0) * follower.kwargs["factor"]


def _take_clamp(module: fx.GraphModule, product: fx.Node, follower: fx.Node, extras: dict[str, Any]) -> None:
    extras["clamp"] = follower.kwargs["limit"]


TAKE: dict[str, Callable[[fx.GraphModule, fx.Node, fx.Node, dict[str, Any]], None]] = {
    "noise": _take_noise,
    "bias": _take_bias,
    "activation": _take_activation,
    "scale": _take_scale,
    "clamp": _take_clamp,
}

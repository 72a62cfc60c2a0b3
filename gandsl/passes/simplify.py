"""Remove what changes nothing, and join what one op can do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import fx

from gandsl.passes.base import Pass, PassRecord
from gandsl.passes.rewrite import ir_node, is_plain, only_user, replace
from gandsl.passes.target import Target

Answer = tuple[fx.Node, str] | None  # the node that already has this value, and why it does
Rule = Callable[[fx.Node, dict[str, Any]], Answer]


@dataclass(frozen=True)
class Simplify(Pass):
    """Drop identities (a scale of 1, a sum of one term …) and inverses; flatten nested sums and joins."""

    name: ClassVar[str] = "simplify"
    promise: ClassVar[str] = "equal outputs to the bit"

    def apply(self, module: fx.GraphModule, log: PassRecord, target: Target) -> None:
        for node in list(module.graph.nodes):
            ir = ir_node(node)
            if ir is None or not is_plain(node, ir.op):
                continue
            if ir.op in NESTED:
                _flatten(node, log)
            if ir.spec.is_source:
                _read_batch_size_of_the_vector(node, log)
            rule = RULES.get(ir.op)
            answer = rule(node, {**ir.attrs, **node.kwargs}) if rule else None
            if answer is not None:
                same, why = answer
                log.fire(node, why)
                replace(node, same)


def _first(node: fx.Node) -> fx.Node:
    """What it reads first, also where another port is left out."""
    value = node.args[0] if node.args else node.all_input_nodes[0]
    assert isinstance(value, fx.Node)
    return value


def identity_if(neutral: Callable[[fx.Node, dict[str, Any]], bool], why: str) -> Rule:
    """A rule: where `neutral`, the node is its first input."""
    return lambda node, attrs: (_first(node), why) if neutral(node, attrs) else None


def _shape(node: fx.Node) -> tuple[int, ...]:
    return tuple(node.meta["type"].shape)


def _single_term(node: fx.Node, attrs: dict[str, Any]) -> Answer:
    terms: Any = node.args[0]
    term, *others = terms
    if others or attrs.get("scale", 1.0) != 1.0:
        return None
    return term, "one term only"


def _select(node: fx.Node, attrs: dict[str, Any]) -> Answer:
    """ws[i] of a broadcast is the vector itself; of a stack, its i-th term."""
    styles = _first(node)
    if is_plain(styles, "broadcast_styles"):
        return _first(styles), "every style of a broadcast is the vector itself"
    if is_plain(styles, "stack"):
        terms: Any = styles.args[0]
        return terms[attrs["index"]], "a style of a stack is its term"
    return None


def undoes(inner: str, why: str) -> Rule:
    """A rule: on top of op `inner` that it undoes, the node is the inner one's input."""

    def rule(node: fx.Node, attrs: dict[str, Any]) -> Answer:
        below = _first(node)
        if not is_plain(below, inner):
            return None
        source = _first(below)
        plain = below.kwargs.get("layout", "chw") == "chw"
        return (source, why) if plain and _shape(source) == _shape(node) else None

    return rule


RULES: dict[str, Rule] = {
    "scale": identity_if(lambda node, attrs: attrs["factor"] == 1.0, "times 1"),
    "add": _single_term,
    "concat": _single_term,
    "select": _select,
    "upsample": identity_if(lambda node, attrs: attrs["factor"] == 1, "enlarges by 1"),
    "pool": identity_if(lambda node, attrs: attrs["factor"] == 1, "shrinks by 1"),
    "pixel_shuffle": identity_if(lambda node, attrs: attrs["factor"] == 1, "shuffles by 1"),
    "pixel_unshuffle": identity_if(lambda node, attrs: attrs["factor"] == 1, "shuffles by 1"),
    "resize": identity_if(lambda node, attrs: _shape(_first(node)) == _shape(node), "already of that size"),
    "pad": identity_if(lambda node, attrs: not any(attrs["pad"]), "pads by 0"),
    "slice_channels": identity_if(
        lambda node, attrs: _shape(_first(node)) == _shape(node), "takes all channels"
    ),
    "slice": identity_if(lambda node, attrs: _shape(_first(node)) == _shape(node), "takes all of it"),
    "times": identity_if(lambda node, attrs: attrs["number"] == 1.0, "times 1"),
    "divide": identity_if(lambda node, attrs: attrs["number"] == 1.0 and bool(node.args), "over 1"),
    "power": identity_if(lambda node, attrs: attrs["exponent"] == 1.0, "to the power of 1"),
    "average": _single_term,
    "total": _single_term,
    "leaky_relu": identity_if(lambda node, attrs: attrs["slope"] == attrs["gain"] == 1.0, "slope 1, gain 1"),
    "fir": identity_if(
        lambda node, attrs: (
            len(attrs["taps"]) == attrs["up"] == attrs["down"] == attrs["gain"] == 1 and not any(attrs["pad"])
        ),
        "one tap",
    ),
    "dropout": identity_if(lambda node, attrs: attrs["p"] == 0.0, "drops nothing"),
    "flatten": undoes("reshape", "flattens what was reshaped"),
    "from_tokens": undoes("to_tokens", "makes pixels of pixels"),
    "to_tokens": undoes("from_tokens", "makes tokens of tokens"),
}
NESTED = ("add", "concat")


def _flatten(node: fx.Node, log: PassRecord) -> None:
    """A first term that is itself a sum (or join) read by nothing else gives its terms, in order."""
    terms: list[fx.Node] = list(node.args[0])  # type: ignore[arg-type]
    inner = terms[0]
    op = ir_node(node).op  # type: ignore[union-attr]
    if not is_plain(inner, op) or only_user(inner) is not node or terms.count(inner) > 1:
        return
    if inner.kwargs.get("scale", 1.0) != 1.0:
        log.skip(inner, "a sum inside a sum, but scaled")
        return
    node.args = ([*inner.args[0], *terms[1:]],)  # type: ignore[misc]
    node.meta["ids"] = (*inner.meta["ids"], *node.meta["ids"])
    log.fire(inner, f"its terms go to {node.meta['id']}")
    node.graph.erase_node(inner)


def _read_batch_size_of_the_vector(node: fx.Node, log: PassRecord) -> None:
    """A source takes only the batch size from its input, and a vector has that as well as its broadcast."""
    like = _first(node)
    if is_plain(like, "broadcast_styles"):
        node.replace_input_with(like, _first(like))
        log.fire(node, f"takes the batch size from what {like.meta['id']} broadcasts")

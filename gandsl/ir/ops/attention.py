"""Attention without weights; projections are convolutions or linear layers of their own."""

from __future__ import annotations

from gandsl.ir.op import TWICE, Call, Keep, Op, Param, Port, Product, Products, ShapeError
from gandsl.ir.types import TensorType

TOKENS = ("Tokens",)


def _attention_output(call: Call) -> TensorType:
    (queries, dim), (keys, key_dim), (values, out) = (call.input(port).shape for port in "qkv")
    if dim != key_dim:
        raise ShapeError("G0210", f"queries of {dim} numbers against keys of {key_dim}", "k")
    if keys != values:
        raise ShapeError("G0210", f"{keys} keys but {values} values", "v")
    for size, port in ((dim, "heads"), (out, "v")):
        if size % call.heads:
            raise ShapeError("G0215", f"{size} numbers cannot be split over {call.heads} heads", port)
    for size, what in ((queries, "queries"), (keys, "keys")):
        if size % call.groups:
            raise ShapeError("G0215", f"{size} {what} cannot be split into {call.groups} groups", "groups")
    if call.causal and queries != keys:
        message = f"{queries} queries and {keys} keys have no common places for `causal`"
        raise ShapeError("G0210", message, "causal")
    _check_pairs(call, "mask", call.groups, "groups")
    _check_pairs(call, "bias", call.heads, "heads")
    return TensorType("Tokens", (queries, out))


def _check_pairs(call: Call, port: str, many: int, what: str) -> None:
    """Raise ShapeError where a mask or bias does not fit the queries and keys of a group."""
    if not call.has(port):
        return
    given, keys = call.input(port), call.input("k").shape[0]
    pairs = (call.input("q").shape[0] // call.groups, keys // call.groups)
    fit = [(count, *pairs) for count in dict.fromkeys((1, many))] + [(keys,)] * (port == "mask")
    if given.shape not in fit:
        wanted = " or ".join(str(list(shape)) for shape in fit)
        raise ShapeError(
            "G0210", f"a {port} of {pairs[0]} queries and {pairs[1]} keys is {wanted}, not {given}", port
        )


def _attention_products(call: Call, out: TensorType) -> Products:
    (queries, dim), (keys, _), (_, values) = (call.input(port).shape for port in "qkv")
    return (
        Product(queries * keys * dim // call.groups, ("q",), ("k",)),
        Product(queries * keys * values // call.groups, ("q", "k", "bias"), ("v",)),
    )


def _scores(call: Call, out: TensorType) -> int:
    return call.heads * call.input("q").shape[0] * call.input("k").shape[0] // call.groups


def _hidden(call: Call, out: TensorType) -> int:
    """Bytes of a sample's own mask, in numbers."""
    if not call.has("mask"):
        return 0
    (_, *pairs), keys = call.input("mask").shape, call.input("k").shape[0]
    if not pairs and not call.causal:
        return keys // 4
    many = call.input("mask").shape[0] if pairs else call.groups
    return many * (call.input("q").shape[0] // call.groups) * (keys // call.groups) // 4


OPS = (
    Op(
        "attention",
        (
            Port("q", TOKENS),
            Port("k", TOKENS),
            Port("v", TOKENS),
            Port(
                "mask",
                ("Vector", "Feature"),
                optional=True,
                sides=(2,),
                doc="1 for what is seen, 0 for what is not: keys (a padded sequence), or queries × keys",
            ),
            Port(
                "bias",
                ("Feature",),
                optional=True,
                sides=(2,),
                doc="added to the scores, for each head or for all",
            ),
        ),
        (
            Param("heads", "int", 1, minimum=1),
            Param("scaled", "bool", True, doc="divide the scores by √dimension"),
            Param("groups", "int", 1, minimum=1, doc="equal runs of tokens, each apart: windows"),
            Param("causal", "bool", False, doc="a query sees no key behind its own place"),
        ),
        output=_attention_output,
        products=_attention_products,
        traits=TWICE,
        keeps=(
            Keep("q", ("k",)),
            Keep("k", ("q",)),
            Keep("v", ("q", "k", "bias")),
            Keep("scores", extra=_scores),
            Keep("hidden", extra=_hidden),
        ),
        example={"mask": (16,), "bias": (1, 16, 16)},
        doc="softmax(q · kᵀ) · v; keys and values may be of another sequence than queries.",
        source="Vaswani et al. 2017; SAGAN, section 3",
    ),
)

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
    return TensorType("Tokens", (queries, out))


def _attention_products(call: Call, out: TensorType) -> Products:
    (queries, dim), (keys, _), (_, values) = (call.input(port).shape for port in "qkv")
    return (
        Product(queries * keys * dim, ("q",), ("k",)),
        Product(queries * keys * values, ("q", "k"), ("v",)),
    )


def _scores(call: Call, out: TensorType) -> int:
    return call.input("q").shape[0] * call.input("k").shape[0]


OPS = (
    Op(
        "attention",
        (Port("q", TOKENS), Port("k", TOKENS), Port("v", TOKENS)),
        (
            Param("heads", "int", 1, minimum=1),
            Param("scaled", "bool", True, doc="divide the scores by √dimension"),
        ),
        output=_attention_output,
        products=_attention_products,
        traits=TWICE,
        keeps=(Keep("q", ("k",)), Keep("k", ("q",)), Keep("v", ("q", "k")), Keep("scores", extra=_scores)),
        doc="softmax(q · kᵀ) · v.",
        source="Vaswani et al. 2017; SAGAN, section 3",
    ),
)

"""A change of number format: no op of the language, put in where the plan asks for 16 bits."""

from __future__ import annotations

from gandsl.ir.op import TWICE, LayerRule, Op, Param, Port

CAST = Op(
    "cast",
    (Port("x", ("Feature", "Tokens", "Logits")),),
    (Param("dtype", "enum", choices=("float32", "bfloat16", "float16")),),
    output=lambda call: call.input("x"),
    traits=TWICE,
    layer=LayerRule("Cast"),
    doc="The same numbers in another format.",
)

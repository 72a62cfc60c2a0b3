"""The same numbers in another shape."""

from __future__ import annotations

from math import prod

from gandsl.ir.op import TWICE, Call, Op, Param, Port, ShapeError
from gandsl.ir.ops.border import times
from gandsl.ir.types import TensorType, feature, vector


def _reshape_output(call: Call) -> TensorType:
    x = call.input("x")
    size, what = x.elements, str(x) if x.sides else f"a vector of {x.elements}"
    wanted = call.channels * prod(call.size.sides)
    if size != wanted:
        raise ShapeError(
            "G0210",
            f"{what} does not fill {call.channels} × {times(call.size.sides)} = {wanted}",
            "channels",
        )
    return feature(call.channels, *call.size.sides)


def _from_tokens_output(call: Call) -> TensorType:
    positions, dim = call.input("x").shape
    if positions != prod(call.size.sides):
        raise ShapeError("G0210", f"{positions} positions do not fill {times(call.size.sides)}", "size")
    return feature(dim, *call.size.sides)


OPS = (
    Op(
        "flatten",
        (Port("x", ("Feature", "Tokens", "Styles")),),
        (),
        output=lambda call: vector(call.input("x").elements),
        traits=TWICE,
        doc="A feature as a vector, channel by channel; a list of vectors, one after another.",
    ),
    Op(
        "reshape",
        (Port("x", ("Vector", "Feature")),),
        (
            Param("channels", "int", minimum=1),
            Param("size", "size", minimum=1),
            Param("layout", "enum", "chw", choices=("chw", "hwc"), doc="which index runs slowest first"),
        ),
        output=_reshape_output,
        traits=TWICE,
        example={"x": (288,), "channels": 18},
        doc="A vector as a feature, or a feature with other sides, its numbers taken channel by channel.",
    ),
    Op(
        "to_tokens",
        (Port("x", ("Feature",)),),
        (),
        output=lambda call: TensorType("Tokens", (prod(call.input("x").sides), call.input("x").shape[0])),
        traits=TWICE,
        doc="Pixels as a list of vectors.",
    ),
    Op(
        "from_tokens",
        (Port("x", ("Tokens",)),),
        (Param("size", "size", minimum=1),),
        output=_from_tokens_output,
        traits=TWICE,
        doc="A list of vectors as pixels.",
    ),
)

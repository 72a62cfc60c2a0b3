"""The same numbers in another shape."""

from __future__ import annotations

from gandsl.ir.op import TWICE, Call, Op, Param, Port, ShapeError
from gandsl.ir.types import TensorType, feature, vector


def _reshape_output(call: Call) -> TensorType:
    size = call.input("x").shape[0]
    wanted = call.channels * call.size.h * call.size.w
    if size != wanted:
        raise ShapeError(
            "G0210",
            f"a vector of {size} does not fill {call.channels} × {call.size.h}×{call.size.w} = {wanted}",
            "channels",
        )
    return feature(call.channels, call.size.h, call.size.w)


def _from_tokens_output(call: Call) -> TensorType:
    positions, dim = call.input("x").shape
    if positions != call.size.h * call.size.w:
        raise ShapeError("G0210", f"{positions} positions do not fill {call.size.h}×{call.size.w}", "size")
    return feature(dim, call.size.h, call.size.w)


OPS = (
    Op(
        "flatten",
        (Port("x", ("Feature",)),),
        (),
        output=lambda call: vector(call.input("x").elements),
        traits=TWICE,
        doc="A feature as a vector, channel by channel.",
    ),
    Op(
        "reshape",
        (Port("x", ("Vector",)),),
        (
            Param("channels", "int", minimum=1),
            Param("size", "size", minimum=1),
            Param("layout", "enum", "chw", choices=("chw", "hwc"), doc="which index runs slowest first"),
        ),
        output=_reshape_output,
        traits=TWICE,
        example={"x": (32,), "channels": 2},
        doc="A vector as a feature.",
    ),
    Op(
        "to_tokens",
        (Port("x", ("Feature",)),),
        (),
        output=lambda call: TensorType(
            "Tokens", (call.input("x").shape[1] * call.input("x").shape[2], call.input("x").shape[0])
        ),
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

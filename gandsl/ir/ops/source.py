"""Where tensors come from: a network's inputs, learned constants, coordinates."""

from __future__ import annotations

from gandsl.ir.op import Op, Param, Port
from gandsl.ir.types import KINDS, TensorType, feature

LIKE = Port("like", ("Latent", "Vector", "Styles", "Feature", "Label", "Tokens"), doc="gives the batch size")

OPS = (
    Op(
        "input",
        (),
        (
            Param("kind", "enum", choices=tuple(KINDS)),
            Param("shape", "ints"),
            Param("distribution", "str", ""),
        ),
        output=lambda call: TensorType(call.kind, tuple(call.shape)),
        doc="An input of the network; written under `inputs`, never in a body.",
    ),
    Op(
        "constant",
        (LIKE,),
        (
            Param("channels", "int", minimum=1),
            Param("size", "size", minimum=1),
            Param("init", "enum", "normal", choices=("normal", "ones", "zeros")),
        ),
        output=lambda call: feature(call.channels, call.size.h, call.size.w),
        weights=lambda call: {"weight": (call.channels, call.size.h, call.size.w)},
        doc="A learned feature, the same for each sample.",
        source="StyleGAN, section 2",
    ),
    Op(
        "coordinates",
        (LIKE,),
        (Param("size", "size", minimum=1),),
        output=lambda call: feature(2, call.size.h, call.size.w),
        doc="Two channels: x and y from −1 to 1 at pixel centres.",
        source="Liu et al. 2018 (CoordConv)",
    ),
)

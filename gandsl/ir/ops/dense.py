"""Fully connected layers, embeddings, and learned vectors added or multiplied."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from gandsl.ir.op import (
    TWICE,
    WEIGHT,
    Call,
    Fused,
    Keep,
    LayerRule,
    Op,
    Param,
    Port,
    Product,
    State,
    Trait,
    channels,
    depth,
    is_last,
    space,
    width,
)
from gandsl.ir.ops.weights import (
    BIAS_PARAMS,
    WEIGHT_PARAMS,
    WEIGHTED,
    spectral_buffers,
    weight_and_bias,
)
from gandsl.ir.types import TensorType, vector


def _linear_output(call: Call) -> TensorType:
    x = call.input("x")
    if x.kind == "Tokens":
        return TensorType("Tokens", (x.shape[0], call.features))
    return vector(call.features)


def _same(call: Call) -> TensorType:
    return call.input("x")


def _channel_vector(name: str) -> Callable[[Call], State]:
    def rule(call: Call) -> State:
        per_channel = call.attrs.get("per_channel", True)
        return {name: (channels("x")(call),) if per_channel else ()}

    return rule


def _hot(call: Call) -> TensorType:
    classes, *sides = call.input("y").shape
    return TensorType("Feature", (classes, *sides)) if sides else vector(classes)


OPS = (
    Op(
        "linear",
        (Port("x", ("Vector", "Tokens")),),
        (Param("features", "int", minimum=1, doc="outputs"), *WEIGHT_PARAMS, *BIAS_PARAMS),
        output=_linear_output,
        traits=WEIGHTED,
        weights=lambda call: weight_and_bias((call.features, call.input("x").shape[-1]), call, call.features),
        buffers=lambda call: spectral_buffers(call, call.features, call.input("x").shape[-1]),
        products=lambda call, out: (Product(out.elements * call.input("x").shape[-1], ("x",), (WEIGHT,)),),
        keeps=(Keep("x", (WEIGHT,)),),
        layer=LayerRule("Linear", {"in_features": depth("x"), "out_features": "features"}),
        fused=Fused.PRODUCT,
        doc="Fully connected layer; on tokens, the same one at every position.",
    ),
    Op(
        "embedding",
        (Port("y", ("Label",)),),
        (
            Param("features", "int", minimum=1, doc="size of each class's vector"),
            *WEIGHT_PARAMS,
        ),
        output=lambda call: vector(call.features),
        traits=WEIGHTED,
        weights=lambda call: {"weight": (call.input("y").shape[0], call.features)},
        buffers=lambda call: spectral_buffers(call, call.input("y").shape[0], call.features),
        keeps=(Keep("indices", (WEIGHT,), lambda call, out: 2),),
        layer=LayerRule("Embedding", {"classes": width("y")}),
        doc="A learned vector for each class.",
    ),
    Op(
        "one_hot",
        (Port("y", ("Label", "Classes")),),
        (),
        output=_hot,
        traits=TWICE,
        layer=LayerRule("OneHot", {"classes": width("y")}),
        doc="The label as a vector of zeros and a one; of a class map such a vector at each pixel.",
    ),
    Op(
        "bias",
        (Port("x", ("Feature", "Vector", "Tokens")),),
        (
            Param("init", "float", 0.0, doc="initial value"),
            Param("lr_multiplier", "float", 1.0, minimum=1e-6, doc="stored divided by, used times this"),
        ),
        output=_same,
        weights=_channel_vector("bias"),
        traits=TWICE,
        layer=LayerRule("Bias", {"channels": channels("x"), "last": is_last("x")}),
        fused=Fused.ADDED,
        doc="Adds a learned value to each channel.",
    ),
    Op(
        "gain",
        (Port("x", ("Feature", "Vector", "Tokens")),),
        (
            Param("init", "float", 1.0, doc="initial value"),
            Param("per_channel", "bool", False, doc="one factor for each channel instead of one for all"),
        ),
        output=_same,
        weights=_channel_vector("weight"),
        traits=TWICE,
        keeps=(Keep("x", (WEIGHT,)),),
        layer=LayerRule("Gain", {"channels": channels("x"), "last": is_last("x")}),
        doc="Multiplies by a learned factor (the γ of self-attention).",
    ),
    Op(
        "noise",
        (Port("x", ("Feature",)),),
        (
            Param("per_channel", "bool", False, doc="a strength for each channel, or one for all"),
            Param("init", "float", 0.0, doc="initial strength"),
        ),
        output=_same,
        traits=TWICE | {Trait.RANDOM},
        weights=_channel_vector("strength"),
        buffers=lambda call: {"constant": call.input("x").shape[1:]},
        keeps=(Keep("plane of noise", (WEIGHT,), lambda call, out: prod(out.sides)),),
        layer=LayerRule("Noise", {"channels": width("x"), "size": space("x")}),
        fused=Fused.ADDED,
        doc="Adds one plane of normal noise to all channels, times a learned strength.",
        source="StyleGAN, section 2; StyleGAN2, section 2.1",
    ),
)

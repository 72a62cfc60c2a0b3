"""Functions of one number, applied everywhere."""

from __future__ import annotations

from dataclasses import replace

from gandsl.ir.op import TWICE, Call, Fused, Keep, LayerRule, Op, Param, Port, ShapeError, Trait
from gandsl.ir.types import TensorType, feature, is_a

X = Port("x", ("Feature", "Vector", "Tokens"))
ANY = replace(X, kinds=(*X.kinds, "Styles", "Logits", "Number", "Scalar"))


def _same(call: Call) -> TensorType:
    x = call.input("x")
    for kind in ("Feature", "Vector"):  # an activated image is a feature, an activated latent a vector
        if is_a(x.kind, kind):
            return TensorType(kind, x.shape)
    return x


def _glu_output(call: Call) -> TensorType:
    channels, *sides = call.input("x").shape
    if channels % 2:
        raise ShapeError("G0215", f"a gated linear unit halves its channels, but x has {channels}", "x")
    return feature(channels // 2, *sides)


def _plain(name: str, keeps: str, doc: str, traits: frozenset[Trait] = TWICE) -> Op:
    return Op(
        name,
        (ANY,),
        (),
        output=_same,
        traits=traits,
        keeps=(Keep(keeps),),
        fused=Fused.ACTIVATION,
        doc=doc,
    )


OPS = (
    Op(
        "relu",
        (ANY,),
        (),
        output=_same,
        traits=TWICE,
        keeps=(Keep("output", mask=True),),
        fused=Fused.ACTIVATION,
        doc="max(x, 0)",
    ),
    Op(
        "leaky_relu",
        (ANY,),
        (
            Param("slope", "float", 0.2, doc="factor below zero"),
            Param("gain", "float", 1.0, doc="factor on the result (√2 keeps the variance)"),
        ),
        output=_same,
        traits=TWICE,
        keeps=(Keep("x", in_place=True, mask=True),),
        fused=Fused.ACTIVATION,
        factor="gain",
        doc="gain · (x if x > 0 else slope · x)",
    ),
    _plain("tanh", "output", "hyperbolic tangent", TWICE | {Trait.AT_OUTPUT}),
    _plain("sigmoid", "output", "1 / (1 + e⁻ˣ)", TWICE | {Trait.AT_OUTPUT}),
    _plain("silu", "x", "x · sigmoid(x), also called swish"),
    _plain("gelu", "x", "Gaussian error linear unit"),
    _plain("softplus", "x", "log(1 + eˣ)"),
    Op(
        "glu",
        (Port("x", ("Feature",)),),
        (),
        output=_glu_output,
        traits=TWICE,
        keeps=(Keep("x"),),
        doc="Gated linear unit: first half of the channels · sigmoid(second half).",
        source="FastGAN, section 3.1",
    ),
    Op(
        "clamp",
        (ANY,),
        (Param("limit", "float", minimum=0.0, doc="bound on the magnitude"),),
        output=_same,
        traits=TWICE,
        keeps=(Keep("x", mask=True),),
        fused=Fused.CLAMP,
        doc="Clips to ±limit.",
    ),
    Op(
        "scale",
        (ANY,),
        (Param("factor", "float"),),
        output=_same,
        traits=TWICE | {Trait.AT_OUTPUT},
        fused=Fused.GAIN,
        factor="factor",
        doc="Multiplies by a constant.",
    ),
    Op(
        "quantize",
        (ANY,),
        (Param("levels", "int", minimum=2, doc="number of equally spaced values from −1 to 1"),),
        output=_same,
        traits=frozenset(),
        doc="Rounds to the nearest level; backward passes the gradient straight through, which is an "
        "estimate and not a derivative: no penalty may differentiate it.",
        source="Bengio et al. 2013 (straight-through estimator)",
    ),
    Op(
        "dropout",
        (X,),
        (Param("p", "float", 0.5, minimum=0.0, maximum=1.0, doc="share set to zero in training"),),
        output=_same,
        traits=TWICE | {Trait.RANDOM, Trait.REGULARIZES},
        keeps=(Keep("mask", extra=lambda call, out: out.elements, mask=True),),
        layer=LayerRule("Dropout"),
        doc="Sets a random share to zero in training and scales the rest up.",
    ),
)

"""Normalizations."""

from __future__ import annotations

from math import prod

from gandsl.ir.op import TWICE, Call, Keep, LayerRule, Op, Param, Port, ShapeError, State, Trait, width
from gandsl.ir.types import TensorType

EPS = Param("eps", "float", 1e-5, minimum=0.0, doc="added to the variance")
AFFINE = Param("affine", "bool", True, doc="learn a scale and a shift for each channel")
INIT = Param("init_std", "float", 0.0, minimum=0.0, doc="the scale starts as N(1, this)")


def _same(call: Call) -> TensorType:
    return call.input("x")


def _affine(call: Call) -> State:
    channels = call.input("x").shape[0]
    return {"weight": (channels,), "bias": (channels,)} if call.affine else {}


def _running(call: Call) -> State:
    channels = call.input("x").shape[0]
    shape = (channels,) if call.rows == 1 else (call.rows, channels)
    return {"running_mean": shape, "running_var": shape}


def _grouped(call: Call) -> TensorType:
    x = call.input("x")
    if x.shape[0] % call.groups:
        raise ShapeError(
            "G0215", f"{x.shape[0]} channels cannot be split into {call.groups} groups", "groups"
        )
    return x


OPS = (
    Op(
        "normalize_magnitude",
        (Port("x", ("Feature",)),),
        (Param("beta", "float", 0.999, minimum=0.0, maximum=1.0, doc="decay per training-mode call"),),
        output=lambda call: call.input("x"),
        traits=TWICE | {Trait.STATEFUL},
        buffers=lambda call: {"magnitude": ()},
        layer=LayerRule("NormalizeMagnitude"),
        doc="x over the root of the running mean of all its squares, which is taken for a constant.",
        source="StyleGAN3, section 3.2",
    ),
    Op(
        "batch_norm",
        (Port("x", ("Feature", "Vector")),),
        (
            AFFINE,
            EPS,
            Param(
                "momentum",
                "float",
                0.1,
                minimum=0.0,
                maximum=1.0,
                doc="share of the new batch in the running statistics",
            ),
            INIT,
            Param(
                "rows",
                "int",
                1,
                minimum=1,
                doc="running statistics for so many truncations, from 0 to 1; 1: the same for all",
            ),
        ),
        output=_same,
        traits=TWICE | {Trait.STATEFUL, Trait.BATCH_COUPLED, Trait.BATCH_NORMALIZED},
        weights=_affine,
        buffers=_running,
        keeps=(Keep("x"),),
        layer=LayerRule("BatchNorm", {"channels": width("x")}),
        doc="Normalizes each channel over batch and space; running statistics in evaluation.",
    ),
    Op(
        "instance_norm",
        (Port("x", ("Feature",)),),
        (Param("affine", "bool", False, doc="learn a scale and a shift for each channel"), EPS),
        output=_same,
        weights=_affine,
        traits=TWICE,
        keeps=(Keep("x"),),
        layer=LayerRule("InstanceNorm", {"channels": width("x")}),
        doc="Normalizes each channel of each sample over space.",
    ),
    Op(
        "group_norm",
        (Port("x", ("Feature",)),),
        (Param("groups", "int", 32, minimum=1), AFFINE, EPS),
        output=_grouped,
        weights=_affine,
        traits=TWICE,
        keeps=(Keep("x"),),
        layer=LayerRule("GroupNorm", {"channels": width("x")}),
        example={"groups": 2},
        doc="Normalizes groups of channels of each sample.",
    ),
    Op(
        "layer_norm",
        (Port("x", ("Feature", "Vector")),),
        (AFFINE, EPS),
        output=_same,
        weights=_affine,
        traits=TWICE,
        keeps=(Keep("x"),),
        layer=LayerRule("LayerNorm", {"channels": width("x")}),
        doc="Normalizes all of a sample; scale and shift for each channel.",
    ),
    Op(
        "pixel_norm",
        (Port("x", ("Feature", "Vector")),),
        (Param("eps", "float", 1e-8, minimum=0.0, doc="added to the mean square"),),
        output=_same,
        traits=TWICE,
        keeps=(Keep("x"), Keep("norms", extra=lambda call, out: prod(out.shape[1:]))),
        doc="x / √(mean of x² over channels): at each pixel of a feature, or over a vector.",
        source="PGGAN, section 4.2",
    ),
)

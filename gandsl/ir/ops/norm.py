"""Normalizations."""

from __future__ import annotations

from gandsl.diagnostics.articles import a
from gandsl.ir.op import (
    AUTO,
    TWICE,
    Call,
    Keep,
    LayerRule,
    Op,
    Param,
    Port,
    ShapeError,
    State,
    Trait,
    channels,
    is_last,
    width,
)
from gandsl.ir.ops.arithmetic import family
from gandsl.ir.types import TensorType

EPS = Param("eps", "float", 1e-5, minimum=0.0, doc="added to the variance")
AFFINE = Param("affine", "bool", True, doc="learn a scale and a shift for each channel")
INIT = Param("init_std", "float", 0.0, minimum=0.0, doc="the scale starts as N(1, this)")


def _same(call: Call) -> TensorType:
    return call.input("x")


def _affine(call: Call) -> State:
    size = channels("x")(call)
    return {"weight": (size,), "bias": (size,)} if call.affine else {}


def _running(call: Call) -> State:
    size = call.input("x").shape[0]
    shape = (size,) if call.rows == 1 else (call.rows, size)
    return {"running_mean": shape, "running_var": shape}


def _grouped(call: Call) -> TensorType:
    x, size = call.input("x"), channels("x")(call)
    if size % call.groups:
        raise ShapeError("G0215", f"{size} channels cannot be split into {call.groups} groups", "groups")
    return x


_OVER = {
    "Feature": ("sample", "channels"),
    "Vector": ("sample", "features"),
    "Tokens": ("features", "sample"),
}
"""What a layer norm takes together, by family: first what it does where nothing is said."""


def _layered(call: Call) -> TensorType:
    x = call.input("x")
    known = _OVER[family(x)]
    if call.over not in (AUTO, *known):
        help = f"`over: {known[-1]}`, or `over: {known[0]}`"
        raise ShapeError("G0218", f"{a(x)} is not normalized over {call.over}", "over", help=help)
    return x


def _places(call: Call, out: TensorType) -> int:
    """How often it normalizes in a sample."""
    over = _OVER[family(out)][0] if call.over is AUTO else call.over
    return 1 if over == "sample" else out.elements // channels("x")(call)


def _magnitudes(call: Call, out: TensorType) -> int:
    return call.groups * out.elements // channels("x")(call)


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
        (Port("x", ("Feature", "Vector", "Tokens")),),
        (
            AFFINE,
            EPS,
            Param(
                "over",
                "enum",
                AUTO,
                choices=("sample", "channels", "features"),
                doc="all of a sample; the channels of each pixel; the features of each token. "
                "Default: of tokens features, else sample",
            ),
        ),
        output=_layered,
        weights=_affine,
        traits=TWICE,
        keeps=(Keep("x"), Keep("statistics", extra=lambda call, out: 2 * _places(call, out))),
        layer=LayerRule("LayerNorm", {"channels": channels("x"), "last": is_last("x")}),
        doc="Normalizes a sample, or each pixel or token of it; scale and shift for each channel.",
        source="Ba et al. 2016 (arXiv:1607.06450)",
    ),
    Op(
        "pixel_norm",
        (Port("x", ("Feature", "Vector", "Tokens")),),
        (
            Param("eps", "float", 1e-8, minimum=0.0, doc="added to the mean square"),
            Param("groups", "int", 1, minimum=1, doc="of channels, each apart: of an attention's heads"),
        ),
        output=_grouped,
        traits=TWICE,
        keeps=(Keep("x"), Keep("norms", extra=_magnitudes)),
        derived={"last": is_last("x")},
        doc="x / √(mean of x² over channels): at each pixel of a feature, each token, or over a vector.",
        source="PGGAN, section 4.2; Zhang and Sennrich 2019 (arXiv:1910.07467), without its gain",
    ),
)

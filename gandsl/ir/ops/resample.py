"""Changes of size: resampling, filtering, pooling."""

from __future__ import annotations

from dataclasses import replace

from gandsl.ir.op import TWICE, Call, Fused, Keep, LayerRule, Op, Param, Port, ShapeError, Trait
from gandsl.ir.ops.border import Ends, check_border
from gandsl.ir.types import TensorType, feature, vector

X = Port("x", ("Feature",))
FACTOR = Param("factor", "int", 2, minimum=1, maximum=64)


def _upsampled(call: Call) -> TensorType:
    _, height, width = call.input("x").shape
    return _of_size(call, height * call.factor, width * call.factor)


def _of_size(call: Call, height: int, width: int) -> TensorType:
    """x at another size: an image stays an image."""
    x = call.input("x")
    return TensorType("Image" if x.kind == "Image" else "Feature", (x.shape[0], height, width))


def _divided(call: Call) -> TensorType:
    _, height, width = call.input("x").shape
    if height % call.factor or width % call.factor:
        raise ShapeError(
            "G0214",
            f"{height}×{width} is not divisible by {call.factor}",
            "factor" if "factor" in call.attrs else "x",
        )
    return _of_size(call, height // call.factor, width // call.factor)


def _ends(call: Call) -> tuple[Ends, Ends]:
    """The border in each direction: top and bottom, left and right."""
    if len(call.pad) != 4:
        raise ShapeError(
            "G0208", f"pad takes 4 numbers (left, right, top, bottom), not {len(call.pad)}", "pad"
        )
    left, right, top, bottom = call.pad
    return (top, bottom), (left, right)


def _fir_output(call: Call) -> TensorType:
    channels, height, width = call.input("x").shape
    rows, columns = _ends(call)
    if not call.taps or abs(sum(call.taps)) < 1e-12:
        raise ShapeError("G0208", "the taps of a filter must not sum to zero", "taps")
    check_border((height * call.up, width * call.up), (rows, columns), "zeros", "pad")
    sides = []
    for side, pad in ((height, sum(rows)), (width, sum(columns))):
        room = side * call.up + pad - len(call.taps)
        if room < 0:
            raise ShapeError("G0214", f"{len(call.taps)} taps do not fit into {height}×{width}", "taps")
        sides.append(room // call.down + 1)
    return feature(channels, *sides)


def _lowpass_output(call: Call) -> TensorType:
    if not 0 < call.cutoff < call.rate / 2 or call.half_width <= 0:
        raise ShapeError(
            "G0208",
            f"a filter at rate {call.rate:g} has a cutoff between 0 and half of it, not {call.cutoff:g}, "
            f"and a transition wider than 0, not {call.half_width:g}",
            "cutoff",
        )
    return _fir_output(replace(call, attrs={**call.attrs, "taps": (1.0,) * call.length}))


def _is_max(call: Call) -> bool:
    return bool(call.mode == "max")


def _sized(call: Call) -> TensorType:
    return _of_size(call, call.size.h, call.size.w)


def _shuffled(call: Call) -> TensorType:
    channels, height, width = call.input("x").shape
    if channels % call.factor**2:
        raise ShapeError("G0215", f"{channels} channels are not divisible by {call.factor}²", "factor")
    return feature(channels // call.factor**2, height * call.factor, width * call.factor)


def _unshuffled(call: Call) -> TensorType:
    channels, height, width = _divided(call).shape
    return feature(channels * call.factor**2, height, width)


def _padded(call: Call) -> TensorType:
    channels, height, width = call.input("x").shape
    rows, columns = _ends(call)
    check_border((height, width), (rows, columns), call.mode, "pad")
    return feature(channels, height + sum(rows), width + sum(columns))


PAD = Param("pad", "ints", (0, 0, 0, 0), doc="left, right, top, bottom; negative crops")

OPS = (
    Op(
        "upsample",
        (X,),
        (FACTOR, Param("mode", "enum", "nearest", choices=("nearest", "bilinear", "bicubic"))),
        output=_upsampled,
        traits=TWICE | {Trait.AT_OUTPUT},
        doc="Enlarges by a whole factor.",
    ),
    Op(
        "pool",
        (X,),
        (FACTOR, Param("mode", "enum", "average", choices=("average", "max", "sum"))),
        output=_divided,
        traits=TWICE | {Trait.AT_OUTPUT},
        keeps=(
            Keep("x", mask=True),
            Keep("places", extra=lambda call, out: 2 * out.elements, mask=True, when=_is_max),
        ),
        doc="Shrinks by a whole factor.",
    ),
    Op(
        "resize",
        (X,),
        (
            Param("size", "size", minimum=1),
            Param("mode", "enum", "area", choices=("area", "nearest", "bilinear", "bicubic")),
        ),
        output=_sized,
        traits=TWICE | {Trait.AT_OUTPUT},
        keeps=(Keep("x", when=lambda call: call.mode == "area"),),
        doc="Brings to a given size; area is adaptive average pooling.",
    ),
    Op(
        "fir",
        (X,),
        (
            Param("taps", "floats", (1.0, 3.0, 3.0, 1.0), doc="separable filter, normalized to sum 1"),
            Param("up", "int", 1, minimum=1, maximum=16, doc="zeros are put between the pixels first"),
            Param("down", "int", 1, minimum=1, maximum=16, doc="every down-th pixel is kept last"),
            PAD,
            Param("gain", "float", 1.0, doc="factor on the result (up² keeps the brightness)"),
        ),
        output=_fir_output,
        traits=TWICE | {Trait.AT_OUTPUT},
        keeps=(Keep("x", mask=True),),
        layer=LayerRule("Fir"),
        fused=Fused.PRODUCT,
        doc="Upsample, pad, filter, downsample, with one separable filter in both directions.",
        source="StyleGAN, section 2 (blur); StyleGAN2, appendix B",
    ),
    Op(
        "lowpass",
        (X,),
        (
            Param("length", "int", minimum=2, doc="of the filter, in taps"),
            Param("cutoff", "float", minimum=0.0, doc="in cycles over the image's side"),
            Param("half_width", "float", minimum=0.0, doc="of the transition from passing to stopping"),
            Param("rate", "float", minimum=0.0, doc="pixels over the image's side where it filters"),
            Param("radial", "bool", False, doc="the same in all directions, and so not separable"),
            Param("up", "int", 1, minimum=1, maximum=16, doc="zeros are put between the pixels first"),
            Param("down", "int", 1, minimum=1, maximum=16, doc="every down-th pixel is kept last"),
            PAD,
            Param("gain", "float", 1.0, doc="factor on the result (up² keeps the brightness)"),
        ),
        output=_lowpass_output,
        traits=TWICE,
        keeps=(Keep("x", mask=True),),
        layer=LayerRule("Lowpass"),
        example={"length": 4, "cutoff": 1.0, "half_width": 1.0, "rate": 8.0, "up": 2, "pad": (2, 1, 2, 1)},
        doc="Upsample, pad, filter, downsample, with a filter designed by Kaiser's window.",
        source="StyleGAN3, section 3.1, appendices C.1 and C.2",
    ),
    Op(
        "global_pool",
        (X,),
        (Param("mode", "enum", "sum", choices=("sum", "average", "max")),),
        output=lambda call: vector(call.input("x").shape[0]),
        traits=TWICE,
        keeps=(Keep("x", when=_is_max),),
        doc="One number for each channel.",
    ),
    Op("pixel_shuffle", (X,), (FACTOR,), output=_shuffled, traits=TWICE, doc="Moves channels into space."),
    Op(
        "pixel_unshuffle", (X,), (FACTOR,), output=_unshuffled, traits=TWICE, doc="Moves space into channels."
    ),
    Op(
        "pad",
        (X,),
        (
            PAD,
            Param(
                "mode",
                "enum",
                "zeros",
                choices=("zeros", "reflect", "replicate"),
                doc="what the border holds; only zeros may crop instead",
            ),
        ),
        output=_padded,
        traits=TWICE,
        keeps=(Keep("x", when=lambda call: call.mode != "zeros"),),
        example={"pad": (1, 0, 2, 1)},
        doc="Adds (or crops) a border.",
    ),
)

"""Changes of size: resampling, filtering, pooling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from gandsl.ir.op import TWICE, Call, Fused, Keep, LayerRule, Op, Param, Port, ShapeError, Trait, by_side
from gandsl.ir.ops.border import Ends, check_border, size_text, times
from gandsl.ir.types import PICTURES, TensorType, feature, vector

X = Port("x", ("Feature",))
FACTOR = Param("factor", "int", 2, minimum=1, maximum=64)
FACTORS = replace(FACTOR, type="sides")
MODE_OF_TWO = ("bilinear", "bicubic")  # modes that are of two sides alone


def _upsampled(call: Call) -> TensorType:
    sides = _check_mode(call)
    factors = by_side(call, "factor", len(sides))
    return _of_size(call, [side * factor for side, factor in zip(sides, factors, strict=True)])


def _check_mode(call: Call) -> tuple[int, ...]:
    """The sides of x. Raises ShapeError where a mode is not of so many."""
    x = call.input("x")
    if call.mode in MODE_OF_TWO and len(x.sides) != 2:
        help = "`linear` is that of any number of sides" if call.mode == "bilinear" else None
        message = f"{call.mode} interpolation is of two sides, and this is {x}"
        raise ShapeError("G0225", message, "mode", help=help)
    return x.sides


def _of_size(call: Call, sides: Sequence[int]) -> TensorType:
    """x at another size: an image stays an image."""
    x = call.input("x")
    return TensorType(x.kind if x.kind in PICTURES else "Feature", (x.shape[0], *sides))


def _divided(call: Call) -> TensorType:
    sides = call.input("x").sides
    factors = by_side(call, "factor", len(sides))
    if any(side % factor for side, factor in zip(sides, factors, strict=True)):
        raise ShapeError(
            "G0214",
            f"{times(sides)} is not divisible by {size_text(factors)}",
            "factor" if "factor" in call.attrs else "x",
        )
    return _of_size(call, [side // factor for side, factor in zip(sides, factors, strict=True)])


_PLACES = ("left", "right", "top", "bottom", "front", "back")


def _ends(call: Call) -> tuple[Ends, ...]:
    """The border in each direction: front and back, top and bottom, left and right."""
    count = len(call.input("x").sides)
    if tuple(call.pad) == NO_BORDER:
        return ((0, 0),) * count
    if len(call.pad) not in (2, 2 * count):
        numbers = ", ".join(_PLACES[: 2 * count])
        message = f"pad takes {2 * count} numbers ({numbers}), not {len(call.pad)}"
        help = "two numbers stand for every side: before it, and behind it" if count > 1 else None
        raise ShapeError("G0208", message, "pad", help=help)
    ends = tuple(zip(call.pad[::2], call.pad[1::2], strict=True))
    return ends * count if len(ends) == 1 else ends[::-1]


def _whole(pad: Sequence[int], call: Call) -> tuple[int, ...]:
    """A border as its node holds it: both ends of every side, the last side first; none as four zeros."""
    ends = _ends(call)
    return tuple(end for around in ends[::-1] for end in around) if any(map(any, ends)) else NO_BORDER


def _fir_output(call: Call) -> TensorType:
    x, ends = call.input("x"), _ends(call)
    if not call.taps or abs(sum(call.taps)) < 1e-12:
        raise ShapeError("G0208", "the taps of a filter must not sum to zero", "taps")
    check_border([side * call.up for side in x.sides], ends, "zeros", "pad")
    sides = []
    for side, around in zip(x.sides, ends, strict=True):
        room = side * call.up + sum(around) - len(call.taps)
        if room < 0:
            raise ShapeError("G0214", f"{len(call.taps)} taps do not fit into {times(x.sides)}", "taps")
        sides.append(room // call.down + 1)
    return feature(x.shape[0], *sides)


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
    return _of_size(call, by_side(call, "size", len(_check_mode(call))))


def _shuffled(call: Call) -> TensorType:
    x = call.input("x")
    count = len(x.sides)
    if x.shape[0] % call.factor**count:
        message = f"{x.shape[0]} channels are not divisible by {call.factor}{' ²³'[count - 1].strip()}"
        raise ShapeError("G0215", message, "factor")
    return feature(x.shape[0] // call.factor**count, *(side * call.factor for side in x.sides))


def _unshuffled(call: Call) -> TensorType:
    made = _divided(call)
    return feature(made.shape[0] * call.factor ** len(made.sides), *made.sides)


def _padded(call: Call) -> TensorType:
    x, ends = call.input("x"), _ends(call)
    check_border(x.sides, ends, call.mode, "pad")
    return feature(x.shape[0], *(side + sum(around) for side, around in zip(x.sides, ends, strict=True)))


def _placed(call: Call) -> TensorType:
    x, grid = call.input("x"), call.input("grid")
    if len(grid.sides) != len(x.sides) or grid.shape[0] != len(x.sides):
        words = f"a grid over {x} has {len(x.sides)} channels and as many sides, not {grid}"
        raise ShapeError(
            "G0226", words, "grid", help=f"{{op: coordinates, size: …}} is Feature[{len(x.sides)}, …]"
        )
    return feature(x.shape[0], *grid.sides)


def _shifted(call: Call) -> TensorType:
    x = call.input("x")
    check_border(x.sides, [(call.most, call.most)] * len(x.sides), "reflect", "most")
    return feature(x.shape[0], *x.sides)


def _moved(call: Call, out: TensorType) -> int:
    """Places along each side, and what was moved along the sides before."""
    return 2 * sum(out.sides) + (len(out.sides) - 1) * out.elements


def _corners(call: Call, out: TensorType) -> int:
    """What x is at the pixels around each place, for each of their numbers."""
    return 2 ** len(out.sides) * out.elements


def _bands(call: Call) -> TensorType:
    x = call.input("x")
    bands = 2 ** len(x.sides)
    if call.inverse:
        if x.shape[0] % bands:
            raise ShapeError("G0215", f"{x.shape[0]} channels are not {bands} bands", "x")
        return feature(x.shape[0] // bands, *(2 * side for side in x.sides))
    if any(side % 2 for side in x.sides):
        raise ShapeError("G0214", f"{times(x.sides)} cannot be halved", "x")
    return feature(x.shape[0] * bands, *(side // 2 for side in x.sides))


def _weights(call: Call, out: TensorType) -> int:
    """Weight and index of each pixel around a place, and what these are products of."""
    places, count = prod(out.sides), len(out.sides)
    corners, others = 2**count, count - 1  # a mask of a side is a quarter of a number
    held = corners * (3 + count) + 3 * corners * others // 4 + others if call.mode == "linear" else 3
    return places * (held + (count if call.border == "replicate" else 0))


_PLACED = (
    Keep("x", mask=True),
    Keep("corners", ("grid",), _corners, when=lambda call: call.mode == "linear"),
    Keep("weights", extra=_weights),
)
NO_BORDER = (0, 0, 0, 0)  # of features of any number of sides
PAD = Param(
    "pad",
    "ints",
    NO_BORDER,
    form=_whole,
    doc="left, right, top, bottom (of a volume also front, back), or two for every side; negative crops",
)
LINEAR = "linear: along each side (of two sides the same as bilinear)"
LINES = ("nearest", "linear", "bilinear", "bicubic")

OPS = (
    Op(
        "upsample",
        (X,),
        (FACTORS, Param("mode", "enum", "nearest", choices=LINES, doc=LINEAR)),
        output=_upsampled,
        traits=TWICE | {Trait.AT_OUTPUT},
        doc="Enlarges by a whole factor.",
    ),
    Op(
        "pool",
        (X,),
        (FACTORS, Param("mode", "enum", "average", choices=("average", "max", "sum"))),
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
            Param("size", "sides", minimum=1, doc="one number for every side, or one for each"),
            Param("mode", "enum", "area", choices=("area", *LINES), doc=LINEAR),
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
            Param(
                "gain",
                "float",
                1.0,
                doc="factor on the result (up to the power of the sides, up², keeps the brightness)",
            ),
        ),
        output=_fir_output,
        traits=TWICE | {Trait.AT_OUTPUT},
        keeps=(Keep("x", mask=True),),
        layer=LayerRule("Fir", beside={1: "Fir1d", 3: "Fir3d"}),
        fused=Fused.PRODUCT,
        doc="Upsample, pad, filter, downsample, with one separable filter in all directions.",
        source="StyleGAN, section 2 (blur); StyleGAN2, appendix B",
    ),
    Op(
        "lowpass",
        (replace(X, sides=(2,)),),
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
    Op(
        "grid_sample",
        (
            X,
            Port(
                "grid",
                ("Feature",),
                doc="for each pixel of the result its place in x, as `coordinates` says it",
            ),
        ),
        (
            Param(
                "mode",
                "enum",
                "linear",
                choices=("linear", "nearest"),
                doc="between the pixels around a place",
            ),
            Param("border", "enum", "zeros", choices=("zeros", "replicate"), doc="what lies outside of x"),
        ),
        output=_placed,
        traits=TWICE,
        keeps=_PLACED,
        example={"grid": (2, 6, 6)},
        doc="x at other places: a channel for each side, from −1 to 1 over it, the last side first.",
        source="Jaderberg et al. 2015 (arXiv:1506.02025), section 3.3",
    ),
    Op(
        "random_shift",
        (X,),
        (
            Param(
                "most",
                "int",
                2,
                minimum=0,
                doc="pixels; each sample is moved by −most to most along each side",
            ),
        ),
        output=_shifted,
        traits=TWICE | {Trait.RANDOM, Trait.REGULARIZES},
        keeps=(Keep("x", mask=True), Keep("moved", extra=_moved, mask=True)),
        layer=LayerRule("RandomShift"),
        doc="Moves each sample by chance in training, its border reflected: phase shuffle.",
        source="Donahue et al. 2019 (WaveGAN, arXiv:1802.04208), section 3.3",
    ),
    Op(
        "haar",
        (X,),
        (Param("inverse", "bool", False, doc="put the bands together again"),),
        output=_bands,
        traits=TWICE | {Trait.AT_OUTPUT},
        doc="Haar's wavelets: half the size in bands, the averages first, each band with all channels.",
        source="Gal et al. 2021 (SWAGAN, arXiv:2102.06108), section 3",
    ),
)

"""Where tensors come from: a network's inputs, learned constants, coordinates."""

from __future__ import annotations

from gandsl.ir.op import TWICE, Call, Keep, LayerRule, Op, Param, Port, ShapeError
from gandsl.ir.ops.border import times
from gandsl.ir.types import KINDS, TensorType, feature
from gandsl.spec.values import Size

LIKE = Port(
    "like",
    ("Latent", "Vector", "Styles", "Feature", "Label", "Tokens"),
    counts=True,
    doc="gives the batch size",
)

MOTION = 4  # cosine and sine of a rotation, and a shift along x and y


def _waves(call: Call) -> TensorType:
    if call.input("motion").shape != (MOTION,):
        raise ShapeError(
            "G0210", f"a motion has {MOTION} numbers, not {call.input('motion').shape[0]}", "motion"
        )
    if not 0 < call.bandwidth < call.rate / 2:
        raise ShapeError(
            "G0208",
            f"a bandwidth of {call.bandwidth:g} is not below half the rate {call.rate:g}",
            "bandwidth",
        )
    if len(call.size.sides) != 2:
        raise ShapeError("G0223", f"waves are of two sides, and the size is {times(call.size.sides)}", "size")
    return feature(call.channels, *call.size.sides)


def _learned(call: Call) -> TensorType:
    shape = tuple(call.shape)
    if not 1 <= len(shape) <= 4 or min(shape, default=0) < 1:
        raise ShapeError("G0208", "a shape has one to four whole numbers from 1 on", "shape")
    return TensorType({1: "Vector", 2: "Tokens"}.get(len(shape), "Feature"), shape)


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
        traits=TWICE,
        doc="An input of the network; written under `inputs`, never in a body.",
    ),
    Op(
        "constant",
        (LIKE,),
        (
            Param("channels", "int", minimum=1),
            Param("size", "size", minimum=1),
            Param("init", "enum", "normal", choices=("normal", "ones", "zeros")),
            Param("init_std", "float", 1.0, minimum=0.0, doc="of `normal`: N(0, this)"),
        ),
        output=lambda call: feature(call.channels, *call.size.sides),
        weights=lambda call: {"weight": (call.channels, *call.size.sides)},
        traits=TWICE,
        layer=LayerRule("Constant"),
        doc="A learned feature, the same for each sample.",
        source="StyleGAN, section 2",
    ),
    Op(
        "parameter",
        (LIKE,),
        (
            Param("shape", "ints", doc="one number makes a Vector, two Tokens, more a Feature"),
            Param("init", "enum", "normal", choices=("normal", "uniform", "zeros", "ones")),
            Param(
                "init_scale",
                "float",
                1.0,
                minimum=0.0,
                doc="standard deviation, half width, or the ones",
            ),
        ),
        output=_learned,
        weights=lambda call: {"weight": tuple(call.shape)},
        traits=TWICE,
        layer=LayerRule("LearnedTensor"),
        example={"shape": (4, 6)},
        doc="A learned tensor, the same for each sample: a bank of kernels, queries, positions.",
    ),
    Op(
        "coordinates",
        (LIKE,),
        (Param("size", "size", minimum=1),),
        output=lambda call: feature(len(call.size.sides), *call.size.sides),
        traits=TWICE,
        layer=LayerRule("Coordinates"),
        doc="A channel for each side, from −1 to 1 at pixel centres: x and y, the last side first.",
        source="Liu et al. 2018 (CoordConv)",
    ),
    Op(
        "fourier_features",
        (
            Port(
                "motion",
                ("Vector",),
                doc="4 numbers: cosine − 1 and sine of a rotation (brought to length 1), shift along x and y",
            ),
        ),
        (
            Param("channels", "int", minimum=1),
            Param("size", "size", minimum=1),
            Param("rate", "float", minimum=0.0, doc="pixels over the image's side"),
            Param(
                "bandwidth", "float", minimum=0.0, doc="largest frequency, in cycles over the image's side"
            ),
        ),
        output=_waves,
        buffers=lambda call: {
            "frequencies": (call.channels, 2),
            "phases": (call.channels,),
            "transform": (3, 3),
        },
        traits=TWICE,
        keeps=(Keep("waves", extra=lambda call, out: 2 * out.elements),),
        layer=LayerRule("FourierFeatures"),
        example={"motion": (4,), "channels": 8, "size": Size(8, 8), "rate": 8.0, "bandwidth": 2.0},
        doc="Sines of fixed frequencies, drawn once from a disc, over a plane that each sample moves.",
        source="StyleGAN3, section 3.2",
    ),
)

"""Style spaces: the list of styles, its parts, its running average; modulation of features."""

from __future__ import annotations

from gandsl.ir.op import TWICE, Call, Keep, LayerRule, Op, Param, Port, ShapeError, Trait, width
from gandsl.ir.types import TensorType, vector


def _chunks_output(call: Call) -> TensorType:
    size = call.input("x").shape[0]
    if size % call.count:
        raise ShapeError("G0215", f"a vector of {size} cannot be cut into {call.count} equal chunks", "count")
    return TensorType("Styles", (call.count, size // call.count))


def _select_output(call: Call) -> TensorType:
    count, size = call.input("x").shape
    if not 0 <= call.index < count:
        raise ShapeError("G0107", f"index {call.index} of {count} vectors", "index")
    return TensorType("Style" if call.input("x").kind == "Styles" else "Vector", (size,))


def _stack_output(call: Call) -> TensorType:
    sizes = {term.shape for term in call.inputs["terms"]}
    if len(sizes) != 1:
        raise ShapeError("G0210", "the styles of a stack have different sizes", "terms")
    return TensorType("Styles", (len(call.inputs["terms"]), *sizes.pop()))


def _modulate_output(call: Call) -> TensorType:
    x = call.input("x")
    for port in ("scale", "shift"):
        if call.has(port) and call.input(port).shape[0] != x.shape[0]:
            raise ShapeError(
                "G0210",
                f"`{port}` has {call.input(port).shape[0]} numbers but x has {x.shape[0]} channels",
                port,
            )
    return x


OPS = (
    Op(
        "broadcast_styles",
        (Port("x", ("Vector",)),),
        (Param("count", "int", minimum=1, doc="number of layers that read a style"),),
        output=lambda call: TensorType("Styles", (call.count, call.input("x").shape[0])),
        traits=TWICE,
        doc="The same style for each layer; style mixing and truncation act on its output.",
        source="StyleGAN, section 2",
    ),
    Op(
        "chunks",
        (Port("x", ("Vector",)),),
        (Param("count", "int", minimum=1),),
        output=_chunks_output,
        traits=TWICE,
        doc="Cuts a vector into equal parts, one for each reader.",
        source="BigGAN, section 3 (hierarchical latent)",
    ),
    Op(
        "stack",
        (Port("terms", ("Vector",), variadic=True),),
        (),
        output=_stack_output,
        traits=TWICE,
        doc="Makes a list of styles of single ones.",
    ),
    Op(
        "select",
        (Port("x", ("Styles", "Tokens")),),
        (Param("index", "int", minimum=0),),
        output=_select_output,
        traits=TWICE,
        doc="One vector of a list, a style or a token; `ws[i]` in an expression writes it.",
    ),
    Op(
        "track_average",
        (Port("x", ("Vector",)),),
        (Param("beta", "float", 0.995, minimum=0.0, maximum=1.0, doc="decay per training-mode call"),),
        output=lambda call: vector(call.input("x").shape[0]),
        traits=TWICE | {Trait.STATEFUL},
        buffers=lambda call: {"average": call.input("x").shape},
        layer=LayerRule("TrackAverage", {"features": width("x")}),
        doc="Passes x on and keeps its running mean, the centre of truncation.",
        source="StyleGAN, section B",
    ),
    Op(
        "modulate",
        (
            Port("x", ("Feature", "Vector")),
            Port("scale", ("Vector",)),
            Port("shift", ("Vector",), optional=True),
        ),
        (
            Param(
                "offset", "float", 1.0, doc="added to the scale: 1 for scales around 0, 0 for scales around 1"
            ),
        ),
        output=_modulate_output,
        traits=TWICE,
        keeps=(Keep("x", ("scale",)), Keep("scale", ("x",))),
        doc="x · (scale + offset) + shift, for each channel: AdaIN's and conditional norm's second half.",
        source="StyleGAN, equation 1",
    ),
)

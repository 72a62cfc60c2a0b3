"""Several tensors into one, and what a batch knows of itself."""

from __future__ import annotations

from gandsl.diagnostics.articles import a
from gandsl.ir.op import TWICE, Call, Keep, Op, Param, Port, Product, ShapeError, Trait
from gandsl.ir.types import TensorType, feature, is_a, vector

BLENDED = ("Feature", "Vector", "Tokens", "Styles", "Logits", "Number", "Scalar")
TERMS = Port("terms", ("Feature", "Vector", "Tokens"), variadic=True)


def _family(type_: TensorType) -> str:
    return next((kind for kind in ("Feature", "Vector") if is_a(type_.kind, kind)), type_.kind)


def _sum_output(call: Call) -> TensorType:
    first, *others = call.inputs["terms"]
    for other in others:
        if _family(other) != _family(first):
            raise ShapeError("G0211", f"{a(_family(first))} and {a(_family(other))} cannot be added", "terms")
        if other.shape[0] != first.shape[0]:
            raise ShapeError(
                "G0212",
                f"the terms of a sum have {first.shape[0]} and {other.shape[0]} channels",
                "terms",
                help="a residual sum needs equal channels: give the shortcut a 1×1 convolution",
            )
        if other.shape != first.shape:
            raise ShapeError(
                "G0213",
                f"the terms of a sum are {first} and {other}",
                "terms",
                help="resample one of them to the other's size",
            )
    return TensorType(_family(first), first.shape)


def _concat_output(call: Call) -> TensorType:
    first, *others = call.inputs["terms"]
    for other in others:
        if _family(other) != _family(first):
            raise ShapeError(
                "G0211", f"{a(_family(first))} and {a(_family(other))} cannot be joined", "terms"
            )
        if other.shape[1:] != first.shape[1:]:
            raise ShapeError(
                "G0213", f"channels can be joined at one size only: {first} and {other}", "terms"
            )
    channels = sum(term.shape[0] for term in call.inputs["terms"])
    return TensorType(_family(first), (channels, *first.shape[1:]))


def _product_output(call: Call) -> TensorType:
    a, b = call.input("a"), call.input("b")
    if _family(a) == "Vector" and _family(b) == "Feature":
        a, b = b, a
    if a.shape[0] != b.shape[0]:
        raise ShapeError("G0212", f"{a.shape[0]} and {b.shape[0]} channels cannot be multiplied", "b")
    if len(a.shape) == len(b.shape):
        if any(m != n and n != 1 and m != 1 for m, n in zip(a.shape, b.shape, strict=True)):
            raise ShapeError("G0213", f"{a} and {b} cannot be multiplied", "b")
        return TensorType(_family(a), tuple(max(m, n) for m, n in zip(a.shape, b.shape, strict=True)))
    return TensorType(_family(a), a.shape)


def _lerp_output(call: Call) -> TensorType:
    a, b, weight = call.input("a"), call.input("b"), call.input("weight")
    if a.shape != b.shape or a.sampled != b.sampled:
        raise ShapeError("G0213", f"{a} and {b} cannot be blended", "b")
    if weight.shape and weight.shape not in (a.shape, (1, *a.shape[1:])):
        raise ShapeError("G0213", f"a {weight} is no weight of {a}", "weight")
    return TensorType(a.kind if a.kind == b.kind else _family(a), a.shape)


def _dot_output(call: Call) -> TensorType:
    a, b = call.input("a"), call.input("b")
    if a.shape[0] != b.shape[0]:
        raise ShapeError("G0212", f"an inner product of {a.shape[0]} and {b.shape[0]} numbers", "b")
    return feature(1, *a.sides) if a.sides else vector(1)


def _stddev_output(call: Call) -> TensorType:
    channels, *sides = call.input("x").shape
    if channels % call.channels:
        raise ShapeError(
            "G0215", f"{channels} channels cannot be split into {call.channels} groups", "channels"
        )
    return feature(channels + call.channels, *sides)


def _deviations(call: Call, out: TensorType) -> int:
    """A sample's share of its group's."""
    return call.input("x").elements // call.group if call.group else 0


def _similarity_output(call: Call) -> TensorType:
    (size,) = call.input("x").shape
    if size % call.kernels:
        raise ShapeError(
            "G0215", f"a vector of {size} cannot be cut into {call.kernels} equal parts", "kernels"
        )
    return vector(call.kernels)


def _sliced(call: Call) -> TensorType:
    x = call.input("x")
    if call.start + call.count > x.shape[0]:
        raise ShapeError(
            "G0107", f"channels {call.start} to {call.start + call.count} of {x.shape[0]}", "count"
        )
    return TensorType(_family(x), (call.count, *x.shape[1:]))


OPS = (
    Op(
        "add",
        (TERMS,),
        (Param("scale", "float", 1.0, doc="factor on the sum (√½ keeps a residual's variance)"),),
        output=_sum_output,
        traits=TWICE | {Trait.AT_OUTPUT},
        factor="scale",
        doc="Sum; absent terms drop out.",
    ),
    Op(
        "concat",
        (TERMS,),
        (),
        output=_concat_output,
        traits=TWICE,
        doc="Joins channels; absent terms drop out.",
    ),
    Op(
        "multiply",
        (Port("a", ("Feature", "Vector")), Port("b", ("Feature", "Vector"))),
        (),
        output=_product_output,
        traits=TWICE,
        keeps=(Keep("a", ("b",)), Keep("b", ("a",))),
        doc="Elementwise product; a vector, or a 1×1 feature, multiplies every pixel.",
    ),
    Op(
        "lerp",
        (
            Port("a", BLENDED),
            Port("b", BLENDED),
            Port("weight", ("Scalar", "Number", "Feature")),
        ),
        (),
        output=_lerp_output,
        traits=TWICE | {Trait.AT_OUTPUT},
        keeps=(Keep("a", ("weight",)), Keep("b", ("weight",))),
        doc="a + (b − a) · weight: the fade of progressive growing.",
        source="PGGAN, section 2",
    ),
    Op(
        "dot",
        (Port("a", ("Feature", "Vector")), Port("b", ("Vector",))),
        (Param("scale", "float", 1.0),),
        output=_dot_output,
        products=lambda call, out: (Product(call.input("a").elements, ("a",), ("b",)),),
        traits=TWICE,
        keeps=(Keep("a", ("b",)), Keep("b", ("a",))),
        factor="scale",
        doc="Inner product over channels (at each pixel of a feature), times scale.",
        source="Miyato and Koyama 2018, section 3",
    ),
    Op(
        "slice_channels",
        (Port("x", ("Feature", "Vector")),),
        (Param("start", "int", 0, minimum=0), Param("count", "int", minimum=1)),
        output=_sliced,
        traits=TWICE,
        doc="Some of the channels.",
    ),
    Op(
        "minibatch_stddev",
        (Port("x", ("Feature",)),),
        (
            Param(
                "group",
                "int",
                4,
                minimum=0,
                doc="samples in a group, strided over the batch; 0: the whole batch",
            ),
            Param("channels", "int", 1, minimum=1, doc="statistics, one for each group of channels"),
            Param("eps", "float", 1e-8, minimum=0.0),
        ),
        output=_stddev_output,
        traits=TWICE | {Trait.BATCH_COUPLED},
        keeps=(Keep("x"), Keep("deviations", extra=_deviations)),
        group="group",
        doc="Appends the standard deviation over a group of samples, averaged over channels and space.",
        source="PGGAN, section 3",
    ),
    Op(
        "minibatch_similarity",
        (Port("x", ("Vector",)),),
        (Param("kernels", "int", minimum=1, doc="equal parts that x is cut into"),),
        output=_similarity_output,
        traits=TWICE | {Trait.BATCH_COUPLED},
        keeps=(Keep("x"), Keep("output")),
        doc="For each part of the vector, the sum over the batch of exp(−‖difference‖₁).",
        source="Salimans et al. 2016, section 3.2",
    ),
)

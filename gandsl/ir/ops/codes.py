"""Codes: the nearest of a book's vectors in the place of each vector."""

from __future__ import annotations

from math import prod

from gandsl.ir.op import TWICE, Call, Keep, LayerRule, Op, Param, Port, Product, Trait
from gandsl.ir.types import TensorType, is_a

X = Port("x", ("Feature", "Vector", "Tokens"))
COUNT = Param("count", "int", minimum=1, doc="codes in the book")
SCALE = Param("init_scale", "float", 1.0, minimum=0.0, doc="codes begin uniform in ± this over their count")


def _coded(call: Call) -> TensorType:
    x = call.input("x")
    kind = next((kind for kind in ("Feature", "Vector") if is_a(x.kind, kind)), x.kind)
    return TensorType(kind, x.shape)


def _axis(call: Call) -> int:
    """Of the numbers that a code has, in the tensor."""
    return -1 if call.input("x").kind == "Tokens" else 1


def _features(call: Call) -> int:
    x = call.input("x")
    return x.shape[-1] if x.kind == "Tokens" else x.shape[0]


def _places(call: Call) -> int:
    return prod(call.input("x").shape) // _features(call)


def _distances(call: Call, out: TensorType) -> tuple[Product, ...]:
    """Of each vector to each code; no gradient passes what is only compared."""
    return (Product(out.elements * call.count, (), ()),)


OPS = (
    Op(
        "nearest_code",
        (X,),
        (COUNT, SCALE),
        output=_coded,
        traits=TWICE,
        weights=lambda call: {"weight": (call.count, _features(call))},
        products=_distances,
        keeps=(Keep("places", ("weight",), lambda call, out: 2 * _places(call)),),
        layer=LayerRule("NearestCode", {"features": _features, "axis": _axis}),
        doc="The nearest of learned codes, at each pixel or token; by x its derivative is 0.",
        source="van den Oord et al. 2017 (VQ-VAE, arXiv:1711.00937), section 3.1",
    ),
    Op(
        "moving_code",
        (X,),
        (
            COUNT,
            SCALE,
            Param("decay", "float", 0.99, minimum=0.0, maximum=1.0, doc="per training-mode call"),
            Param("eps", "float", 1e-5, minimum=0.0, doc="added to how often each code is chosen"),
        ),
        output=_coded,
        traits=TWICE | {Trait.CONSTANT, Trait.STATEFUL},
        buffers=lambda call: {"counts": (call.count,), "sums": (call.count, _features(call))},
        products=_distances,
        layer=LayerRule("MovingCode", {"features": _features, "axis": _axis}),
        doc="The nearest of codes that are running means of the vectors which chose them; nothing learns.",
        source="van den Oord et al. 2017 (VQ-VAE, arXiv:1711.00937), appendix A.1",
    ),
)

"""What is computed along one axis of a tensor, named by what lies on it: shares, reductions, slices."""

from __future__ import annotations

from math import prod

from gandsl.diagnostics.articles import a
from gandsl.ir.op import TWICE, Call, Keep, Op, Param, Port, Product, Products, ShapeError, Trait
from gandsl.ir.ops.arithmetic import family
from gandsl.ir.types import TensorType, vector

AXES = ("channels", "features", "tokens", "space")
TRANSPOSED = ("none", "a", "b", "both")
REDUCTIONS = ("mean", "sum", "max", "min", "variance")

_OF_FAMILY = {
    "Feature": ("channels", "space"),
    "Vector": ("channels", "features"),  # which are the same
    "Tokens": ("tokens", "features"),
}
X = Port("x", ("Feature", "Vector", "Tokens", "Styles", "Logits"))
OVER = Param("over", "enum", choices=AXES, doc="the axis: of features channels or space, of tokens either")
ONE_AXIS = Param("over", "enum", choices=AXES[:3], doc="the axis")


def _axis(call: Call) -> str:
    """The family of x, which has the axis. Raises ShapeError."""
    x = call.input("x")
    found = family(x)
    if call.over not in _OF_FAMILY[found]:
        axes = " and ".join(dict.fromkeys(_OF_FAMILY[found]))
        raise ShapeError("G0218", f"{a(x)} has no {call.over}: its axes are {axes}", "over")
    return found


def _same(call: Call) -> TensorType:
    _axis(call)
    x = call.input("x")
    return TensorType(family(x) if x.kind != "Logits" else x.kind, x.shape)


def _reduced(call: Call) -> TensorType:
    x, found = call.input("x"), _axis(call)
    if call.over == "space":
        return vector(x.shape[0])
    if call.over == "tokens":
        return vector(x.shape[1])
    if found == "Tokens":
        return TensorType("Tokens", (x.shape[0], 1))
    return TensorType(found, (1, *x.shape[1:]))


def _sliced(call: Call) -> TensorType:
    x, found = call.input("x"), _axis(call)
    axis = len(x.shape) - 1 if call.over == "features" else 0
    if call.start + call.count > x.shape[axis]:
        end = call.start + call.count
        raise ShapeError("G0107", f"{call.over} {call.start} to {end} of {x.shape[axis]}", "count")
    return TensorType(found, (*x.shape[:axis], call.count, *x.shape[axis + 1 :]))


def _product(call: Call) -> TensorType:
    (rows, inner), (other, columns) = _sides(call)
    if inner != other:
        raise ShapeError(
            "G0210",
            f"rows of {inner} numbers cannot be multiplied with columns of {other}",
            "b",
            help="`transpose: b`, or `matmul(a, b, 'b')`, takes the rows of b for its columns",
        )
    return TensorType("Tokens", (rows, columns))


def _sides(call: Call) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Rows and columns of both operands, as they are multiplied."""
    one, other = call.input("a").shape, call.input("b").shape
    return (
        one[::-1] if call.transpose in ("a", "both") else one,
        other[::-1] if call.transpose in ("b", "both") else other,
    )


def _products(call: Call, out: TensorType) -> Products:
    return (Product(prod(out.shape) * _sides(call)[0][1], ("a",), ("b",)),)


OPS = (
    Op(
        "softmax",
        (X,),
        (OVER,),
        output=_same,
        traits=TWICE,
        keeps=(Keep("output"),),
        doc="eˣ over its sum along an axis: shares that add up to 1.",
    ),
    Op(
        "log_softmax",
        (X,),
        (OVER,),
        output=_same,
        traits=TWICE,
        keeps=(Keep("output"),),
        doc="The logarithm of `softmax`, computed without overflow.",
    ),
    Op(
        "largest",
        (X,),
        (OVER,),
        output=_same,
        traits=TWICE | {Trait.CONSTANT},
        doc="1 where a number is the largest along an axis, else 0, as a one-hot vector has it; its "
        "derivative is 0.",
    ),
    Op(
        "reduce",
        (X,),
        (
            Param("how", "enum", choices=REDUCTIONS, doc="what is taken of an axis's numbers"),
            OVER,
        ),
        output=_reduced,
        traits=TWICE,
        keeps=(
            Keep("x", when=lambda call: call.how in ("max", "min", "variance")),
            Keep("output", when=lambda call: call.how in ("max", "min")),
        ),
        doc="One number of all along an axis. Over channels or features one is left of these; over space or "
        "tokens a vector is left. The variance is that of all numbers, with no correction.",
    ),
    Op(
        "slice",
        (X,),
        (
            ONE_AXIS,
            Param("start", "int", 0, minimum=0),
            Param("count", "int", minimum=1),
        ),
        output=_sliced,
        traits=TWICE,
        doc="Some of what lies on an axis; `x[2:6]` in an expression writes it of channels, or of tokens.",
    ),
    Op(
        "matmul",
        (Port("a", ("Tokens", "Styles")), Port("b", ("Tokens", "Styles"))),
        (Param("transpose", "enum", "none", choices=TRANSPOSED, doc="whose rows are columns"),),
        output=_product,
        products=_products,
        traits=TWICE,
        keeps=(Keep("a", ("b",)), Keep("b", ("a",))),
        example={"a": (8, 8), "b": (8, 8)},
        doc="The product of two matrices: each row of a with each column of b.",
    ),
)

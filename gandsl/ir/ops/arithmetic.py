"""Arithmetic: tensors number by number, with numbers, and functions of one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gandsl.ir.op import AUTO, TWICE, Call, Keep, Op, Param, Port, ShapeError, Trait
from gandsl.ir.types import TensorType, is_a

SAMPLED = ("Feature", "Vector", "Tokens", "Styles", "Logits", "Number")
"""What has numbers for each sample: labels are classes."""

NUMBERS = (*SAMPLED, "Scalar")

STEPS = TWICE | {Trait.CONSTANT}
A, B = Port("a", NUMBERS, optional=True), Port("b", NUMBERS, optional=True)
X = Port("x", NUMBERS)
NUMBER = Param(
    "number",
    "float",
    AUTO,
    instead=True,
    doc="the operand that is no tensor, in the place of the one left out",
)

_STRETCHED = ("Feature", "Tokens")  # one number for each place stands beside many
_FAMILY = {"Styles": "Tokens", "Number": "Number", "Scalar": "Scalar"}


def family(type_: TensorType) -> str:
    """What a type is for arithmetic: Feature, Vector, Tokens (Styles are), Number or Scalar."""
    if type_.kind == "Logits":
        return "Vector" if len(type_.shape) == 1 else "Feature"
    kinds = ("Feature", "Vector", "Tokens")
    return next((kind for kind in kinds if is_a(type_.kind, kind)), _FAMILY.get(type_.kind, type_.kind))


def together(a: TensorType, b: TensorType, port: str = "b") -> TensorType:
    """The type of what two operands give, number by number.

    Their shapes are equal, or one is a Scalar, a Number, or a Feature of one channel (Tokens of one feature)
    where the other has more: a mask leaves an image an image. Raises ShapeError at `port`.
    """
    for one, other in ((a, b), (b, a)):
        if other.kind == "Scalar" or (other.kind == "Number" and one.sampled):
            return one
    if family(a) != family(b):
        of_channels = {family(a), family(b)} == {"Feature", "Vector"}
        help = "`multiply` and `modulate` put a vector on a feature's channels" if of_channels else None
        raise ShapeError("G0211", f"{a} and {b} are not of one kind", port, help=help)
    if a.shape == b.shape:
        kind = next((x.kind for x, y in ((a, b), (b, a)) if is_a(x.kind, y.kind)), family(a))
        return TensorType(kind, a.shape, a.times)
    for one, other in ((a, b), (b, a)):
        if family(other) in _STRETCHED and _one_wide(one) == other.shape:
            return one
    raise ShapeError(
        "G0213",
        f"{a} and {b} have not the same shape",
        port,
        help="beside a tensor stands one of its shape, a number, a Scalar, a Number, "
        "a Feature[1, h, w], or Tokens[n, 1]",
    )


def _one_wide(type_: TensorType) -> tuple[int, ...]:
    """The shape with one channel, or one feature, in place of all."""
    first, *others = type_.shape
    return (first, 1) if family(type_) == "Tokens" else (1, *others)


def _operands(call: Call) -> TensorType:
    given = [call.input(port) for port in ("a", "b") if call.has(port)]
    if len(given) + (call.number is not None) != 2 or not given:
        raise ShapeError("G0206", "two operands are wanted: `a` and `b`, or one and `number`", "number")
    return together(given[0], given[1]) if len(given) == 2 else given[0]


def _chosen(call: Call) -> TensorType:
    x, condition = _operands(call), call.input("condition")
    if x.kind in ("Scalar", "Number") and condition.kind != x.kind:
        return replace(x, kind="Number") if condition.kind in ("Scalar", "Number") else condition
    if together(x, condition, "condition").shape != x.shape:
        raise ShapeError("G0213", f"a condition {condition} does not choose among {x}", "condition")
    return x


def _same(call: Call) -> TensorType:
    return call.input("x")


def _bounded(call: Call) -> TensorType:
    if call.low is None and call.high is None:
        raise ShapeError("G0206", "`clip` needs `low`, `high` or both", "low")
    if call.low is not None and call.high is not None and call.low > call.high:
        raise ShapeError("G0208", f"`low` is {call.low:g} and `high` {call.high:g}", "high")
    return call.input("x")


def _constant(port: str) -> Callable[[Call], bool]:
    """Whether the number stands in the place of this operand."""
    return lambda call: not call.has(port)


def _of_two(
    name: str,
    keeps: tuple[Keep, ...],
    doc: str,
    example: dict[str, Any] | None = None,
    traits: frozenset[Trait] = TWICE | {Trait.AT_OUTPUT},
) -> Op:
    return Op(
        name,
        (A, B),
        (NUMBER,),
        output=_operands,
        traits=traits,
        keeps=keeps,
        example=example or {},
        doc=doc,
    )


def _of_one(
    name: str,
    keeps: tuple[Keep, ...],
    doc: str,
    positive: bool = False,
    traits: frozenset[Trait] = TWICE,
) -> Op:
    return Op(
        name,
        (Port("x", NUMBERS, positive=positive),),
        (),
        output=_same,
        traits=traits,
        keeps=keeps,
        doc=doc,
    )


OPS = (
    _of_two("plus", (), "a + b"),
    _of_two("minus", (), "a − b"),
    _of_two("times", (Keep("a", ("b",)), Keep("b", ("a",))), "a · b"),
    _of_two(
        "divide",
        (
            Keep("b", when=lambda call: call.has("a")),
            Keep("a", ("b",)),
            Keep("inverse", extra=lambda call, out: out.elements, when=_constant("a")),
        ),
        "a / b",
    ),
    Op(
        "power",
        (X,),
        (Param("exponent", "float"),),
        output=_same,
        traits=TWICE,
        keeps=(Keep("x", when=lambda call: call.exponent != 1),),
        example={"exponent": 3.0},
        doc="x to a constant power.",
    ),
    _of_one("negate", (), "−x"),
    _of_one("abs", (Keep("x", mask=True),), "|x|"),
    _of_one("sqrt", (Keep("output"),), "√x", positive=True),
    _of_one("exp", (Keep("output"),), "eˣ"),
    _of_one("log", (Keep("x"),), "natural logarithm", positive=True),
    _of_one("sin", (Keep("x"),), "sine"),
    _of_one("cos", (Keep("x"),), "cosine"),
    _of_one(
        "round", (), "the nearest whole number, of halves the even one; its derivative is 0", traits=STEPS
    ),
    _of_one("sign", (), "1 above 0, −1 below, 0 at 0; its derivative is 0", traits=STEPS),
    Op(
        "clip",
        (X,),
        (
            Param("low", "float", AUTO, doc="least value; none if left out"),
            Param("high", "float", AUTO, doc="largest value; none if left out"),
        ),
        output=_bounded,
        traits=TWICE | {Trait.AT_OUTPUT},
        keeps=(Keep("x", mask=True),),
        example={"low": -1.0},
        doc="x, but no less than low and no more than high.",
    ),
    _of_two("maximum", (Keep("a", mask=True), Keep("b", mask=True)), "the larger of a and b"),
    _of_two("minimum", (Keep("a", mask=True), Keep("b", mask=True)), "the smaller of a and b"),
    Op(
        "where",
        (Port("condition", NUMBERS, doc="as a rule 0 or 1"), A, B),
        (NUMBER,),
        output=_chosen,
        traits=TWICE,
        keeps=(Keep("choices", extra=lambda call, out: out.elements // 4, mask=True),),
        doc="a where the condition is above 0, else b; constant in the condition.",
    ),
    _of_two("below", (), "1 where a < b, else 0; its derivative is 0", traits=STEPS),
)

"""Arithmetic of games: tensors entry by entry, with numbers, and functions of one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gandsl.ir.op import AUTO, TWICE, Call, Keep, Op, Param, Port, ShapeError, Stands, Trait
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

_FAMILIES = {1: "Vector", 2: "Tokens"}  # of shapes without sides, by rank


def together(a: TensorType, b: TensorType, port: str = "b") -> TensorType:
    """The type of what two operands give, entry by entry.

    Their shapes are equal, or one is a Scalar, a Number, or has one channel where the other has more: a mask
    leaves an image an image. Raises ShapeError at `port`.
    """
    for one, other in ((a, b), (b, a)):
        if other.kind == "Scalar" or (other.kind == "Number" and one.sampled):
            return one
    if a.shape == b.shape:
        family = "Feature" if a.sides and b.sides else _FAMILIES[len(a.shape)]
        kind = next((x.kind for x, y in ((a, b), (b, a)) if is_a(x.kind, y.kind)), family)
        return TensorType(kind, a.shape, a.times)
    if a.sides and a.sides == b.sides:
        for one, other in ((a, b), (b, a)):
            if other.shape[0] == 1:
                return one
    if len(a.shape) != len(b.shape):
        raise ShapeError("G0211", f"{a} and {b} are not of one kind", port)
    raise ShapeError(
        "G0213",
        f"{a} and {b} have not the same shape",
        port,
        help="beside a tensor stands one of its shape, a number, a Scalar, a Number, or a Feature[1, h, w]",
    )


def _operands(call: Call) -> TensorType:
    given = [call.input(port) for port in ("a", "b") if call.has(port)]
    if len(given) + (call.number is not None) != 2 or not given:
        raise ShapeError("G0206", "two operands are wanted: `a` and `b`, or one and `number`", "number")
    return together(given[0], given[1]) if len(given) == 2 else given[0]


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
    traits: frozenset[Trait] = TWICE,
) -> Op:
    return Op(
        name,
        (A, B),
        (NUMBER,),
        output=_operands,
        traits=traits,
        keeps=keeps,
        place=Stands.GAME,
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
        place=Stands.GAME,
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
        place=Stands.GAME,
        example={"exponent": 3.0},
        doc="x to a constant power.",
    ),
    _of_one("negate", (), "−x"),
    _of_one("abs", (Keep("x", mask=True),), "|x|"),
    _of_one("sqrt", (Keep("output"),), "√x", positive=True),
    _of_one("exp", (Keep("output"),), "eˣ"),
    _of_one("log", (Keep("x"),), "natural logarithm", positive=True),
    _of_one("sign", (), "1 above 0, −1 below, 0 at 0; its derivative is 0", traits=STEPS),
    Op(
        "clip",
        (X,),
        (
            Param("low", "float", AUTO, doc="least value; none if left out"),
            Param("high", "float", AUTO, doc="largest value; none if left out"),
        ),
        output=_bounded,
        traits=TWICE,
        keeps=(Keep("x", mask=True),),
        place=Stands.GAME,
        example={"low": -1.0},
        doc="x, but no less than low and no more than high.",
    ),
    _of_two("below", (), "1 where a < b, else 0; its derivative is 0", traits=STEPS),
)

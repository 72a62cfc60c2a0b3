"""Sequences: windows of a feature as runs of tokens, positions, masks of what a sequence holds."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from gandsl.ir.op import TWICE, Call, LayerRule, Op, Param, Port, ShapeError, Trait, by_side
from gandsl.ir.ops.border import times
from gandsl.ir.ops.source import LIKE
from gandsl.ir.types import TensorType, feature, vector
from gandsl.spec.values import Size

SIZE = Param("size", "size", minimum=1)
WINDOW = Param("window", "sides", minimum=1, doc="of each window, in pixels")


def _windows(call: Call, sides: Sequence[int]) -> tuple[int, ...]:
    """The window, side by side. Raises ShapeError unless windows of this size fill the sides."""
    window = by_side(call, "window", len(sides))
    for side, part in zip(sides, window, strict=True):
        if side % part:
            message = f"windows of {times(window)} do not fill {times(sides)}: {side} / {part} is not whole"
            raise ShapeError("G0215", message, "window")
    return window


def _partitioned(call: Call) -> TensorType:
    x = call.input("x")
    _windows(call, x.sides)
    return TensorType("Tokens", (prod(x.sides), x.shape[0]))


def _reversed(call: Call) -> TensorType:
    positions, dim = call.input("x").shape
    sides = call.size.sides
    _windows(call, sides)
    if positions != prod(sides):
        raise ShapeError("G0210", f"{positions} positions do not fill {times(sides)}", "size")
    return feature(dim, *sides)


def _rolled(call: Call) -> TensorType:
    x = call.input("x")
    by_side(call, "shift", len(x.sides))
    return feature(*x.shape)


def _window_mask(call: Call) -> TensorType:
    sides = call.size.sides
    window = _windows(call, sides)
    by_side(call, "shift", len(sides))
    return feature(prod(sides) // prod(window), prod(window), prod(window))


def _as_like(size: Size, call: Call) -> Size:
    """The size; one number has as many sides as the feature that gives the batch size."""
    sides = len(call.input("like").sides)
    return (size.of(sides) if sides else None) or size


def _relative(call: Call) -> TensorType:
    count = prod(_as_like(call.size, call).sides)
    return feature(call.heads, count, count)


def _sinusoids(call: Call) -> TensorType:
    sides = call.size.sides
    if call.channels % (2 * len(sides)):
        message = f"{call.channels} channels are not a sine and a cosine for each of {len(sides)} sides"
        raise ShapeError("G0215", message, "channels")
    return feature(call.channels, *sides)


def _rotated(call: Call) -> TensorType:
    count, dim = call.input("x").shape
    sides = (count,) if call.size is None else call.size.sides
    if prod(sides) != count:
        raise ShapeError("G0210", f"{count} positions do not fill {times(sides)}", "size")
    if dim % (2 * len(sides) * call.heads):
        message = f"{dim} numbers are no pairs for each of {call.heads} heads and {len(sides)} sides"
        raise ShapeError("G0215", message, "heads")
    return call.input("x")


OPS = (
    Op(
        "roll",
        (Port("x", ("Feature",)),),
        (
            Param(
                "shift",
                "sides",
                doc="places, for all sides or each; what leaves at an end comes in at the other",
            ),
        ),
        output=_rolled,
        traits=TWICE,
        example={"shift": 2},
        doc="Moves a feature's pixels in a circle along each side.",
        source="Liu et al. 2021 (arXiv:2103.14030), section 3.2: cyclic shift",
    ),
    Op(
        "window_partition",
        (Port("x", ("Feature",)),),
        (WINDOW,),
        output=_partitioned,
        traits=TWICE,
        example={"window": 2},
        doc="Pixels as tokens, window by window: `groups` of attention are its windows.",
        source="Liu et al. 2021 (arXiv:2103.14030), section 3.2",
    ),
    Op(
        "window_reverse",
        (Port("x", ("Tokens",)),),
        (WINDOW, SIZE),
        output=_reversed,
        traits=TWICE,
        example={"window": 2},
        doc="Tokens that stand window by window as the pixels of a feature of this size.",
        source="Liu et al. 2021 (arXiv:2103.14030), section 3.2",
    ),
    Op(
        "window_mask",
        (LIKE,),
        (SIZE, WINDOW, Param("shift", "sides", doc="places by which the feature was rolled back, by side")),
        output=_window_mask,
        traits=TWICE,
        example={"window": 2, "shift": 1},
        doc="1 between pixels of a window that were neighbours before the feature was rolled, else 0.",
        source="Liu et al. 2021 (arXiv:2103.14030), figure 4",
    ),
    Op(
        "relative_bias",
        (LIKE,),
        (
            Param("heads", "int", 1, minimum=1),
            Param(
                "size",
                "size",
                minimum=1,
                form=_as_like,
                doc="of the window; one number is for every side of `like`, or for two",
            ),
            Param("init_std", "float", 0.02, minimum=0.0, doc="it starts as N(0, this)"),
        ),
        output=_relative,
        weights=lambda call: {"weight": (prod(2 * side - 1 for side in call.size.sides), call.heads)},
        traits=TWICE,
        layer=LayerRule("RelativeBias"),
        doc="A learned number for each offset between two pixels, for each head: what attention adds.",
        source="Liu et al. 2021 (arXiv:2103.14030), equation 4",
    ),
    Op(
        "sinusoids",
        (LIKE,),
        (
            Param("channels", "int", minimum=1),
            SIZE,
            Param("base", "float", 10000.0, minimum=1.0, doc="the longest wave has 2π · this pixels"),
        ),
        output=_sinusoids,
        traits=TWICE,
        example={"channels": 12},
        doc="Sines, then cosines of each pixel's place, in a share of the channels for each side.",
        source="Vaswani et al. 2017 (arXiv:1706.03762), section 3.5",
    ),
    Op(
        "rotary",
        (Port("x", ("Tokens",)),),
        (
            Param("heads", "int", 1, minimum=1),
            Param(
                "size",
                "size",
                None,
                minimum=1,
                doc="of the feature whose pixels the tokens are; default: a row",
            ),
            Param(
                "base", "float", 10000.0, minimum=1.0, doc="the slowest pair turns once in 2π · this places"
            ),
        ),
        output=_rotated,
        traits=TWICE,
        example={"x": (16, 12)},
        doc="Turns pairs of numbers by angles that grow with the place: products feel distances.",
        source="Su et al. 2021 (arXiv:2104.09864)",
    ),
    Op(
        "sequence_mask",
        (Port("lengths", ("Number",)),),
        (Param("count", "int", minimum=1, doc="places of the sequences"),),
        output=lambda call: vector(call.count),
        traits=TWICE | {Trait.CONSTANT},
        example={"count": 8},
        doc="1 at the first places of a sequence, as many as its length says, then 0.",
    ),
)

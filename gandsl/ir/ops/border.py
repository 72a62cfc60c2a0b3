"""How wide a border may be: a reflected one is narrower than its side, and a crop leaves something."""

from __future__ import annotations

from collections.abc import Sequence

from gandsl.ir.op import ShapeError


def times(sides: Sequence[int]) -> str:
    """`96×160`."""
    return "×".join(map(str, sides))


def size_text(sides: Sequence[int]) -> str:
    """`3` where all sides are alike, else `3x5`."""
    return str(sides[0]) if len({*sides}) == 1 else "x".join(map(str, sides))


Ends = tuple[int, int]  # of one direction: before the first pixel, behind the last; negative crops


def check_border(sides: Sequence[int], ends: Sequence[Ends], mode: str, param: str) -> None:
    """Raise ShapeError, at `param`, where a feature of these sides cannot be given that border.

    sides: in pixels. ends: pixels in each direction. mode: zeros, reflect or replicate.
    """
    size = times(sides)
    for side, around in zip(sides, ends, strict=True):
        cropped = -sum(min(end, 0) for end in around)
        if cropped and mode != "zeros":
            raise ShapeError(
                "G0208", f"{mode} adds a border and crops none", param, help="crop with a `pad` of zeros"
            )
        if cropped >= side:
            raise ShapeError("G0214", f"nothing is left of {size} where {cropped} pixels are cropped", param)
        if mode == "reflect" and max(around) >= side:
            raise ShapeError(
                "G0208",
                f"a border of {max(around)} is too wide to be reflected from {size}",
                param,
                help=f"take a border below {side}, or replicate, or pad with zeros",
            )

"""Steps that make an image worse: a field of the data that is computed from another (docs/data.md)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from .part import Float, Int, PlanPart


def _pair(value: Any) -> Any:
    """A number stands for the range of it alone."""
    ends = tuple(value) if isinstance(value, list | tuple) else (value, value)
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in ends)
    if len(ends) != 2 or not numbers or not ends[0] <= ends[1]:
        raise ValueError("must be a number, or two that rise: what is drawn lies between them")
    return ends


def _words(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


_ONE_OR_TWO = WithJsonSchema(
    {"anyOf": [{"type": "number"}, {"type": "array", "items": {"type": ["number", "string"]}}]}
)
Filter = Literal["area", "bilinear", "bicubic"]
_FILTERS: dict[str, Any] = {"enum": list(get_args(Filter))}
Positive = Annotated[float, Field(gt=0)]
Amount = Annotated[float, Field(ge=0)]
Frequency = Annotated[float, Field(gt=0, le=math.pi)]
Side = Annotated[Int, Field(ge=1, le=101)]
Quality = Annotated[Int, Field(ge=1, le=100)]
Spread = Annotated[tuple[Positive, Positive], BeforeValidator(_pair), _ONE_OR_TWO]
Amounts = Annotated[tuple[Amount, Amount], BeforeValidator(_pair), _ONE_OR_TWO]
Cutoff = Annotated[tuple[Frequency, Frequency], BeforeValidator(_pair), _ONE_OR_TWO]
Sides = Annotated[tuple[Side, Side], BeforeValidator(_pair), _ONE_OR_TWO]
Qualities = Annotated[tuple[Quality, Quality], BeforeValidator(_pair), _ONE_OR_TWO]
Filters = Annotated[
    tuple[Filter, ...],
    BeforeValidator(_words),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [_FILTERS, {"type": "array", "items": _FILTERS, "minItems": 1}]}),
]
PAIR = "a number, or [low, high], between which it is drawn evenly"


class DegradeStep(PlanPart):
    """One step; what it draws is drawn anew for each item."""

    chance: Float = Field(default=1.0, ge=0, le=1, description="how often it is made, [0, 1]")


class _Kernel(DegradeStep):
    """What an image is filtered with: a square of pixels."""

    size: Sides = Field(
        description="side of the kernel, odd: a number, or [low, high], of which an odd one is drawn"
    )

    @model_validator(mode="after")
    def _odd(self) -> _Kernel:
        if not all(side % 2 for side in self.size):
            raise ValueError("`size` must be odd, or two odd numbers")
        return self


class BlurStep(_Kernel):
    """A mean of the pixels around, weighted by exp(−q/2), exp(−q^β/2) or 1/(1 + q^β): q is the squared
    distance, in standard deviations (arXiv:2107.10833, section 3.1)."""

    op: Literal["blur"] = "blur"
    kind: Literal["gaussian", "generalized", "plateau"] = Field(
        default="gaussian", description="exp(−q/2); exp(−q^β/2); 1/(1 + q^β)"
    )
    sigma: Spread = Field(description=f"standard deviation in pixels: {PAIR}")
    across: Spread | None = Field(
        default=None, description="another across it, and the kernel is turned by any angle; default: round"
    )
    beta: Spread = Field(
        default=(1.0, 1.0), description=f"β: {PAIR}, below 1 and above it as often where it spans 1"
    )


class SincStep(_Kernel):
    """Ringing: a low pass that is cut off sharply, ω·J₁(ω·r)/(2π·r) (arXiv:2107.10833, section 3.3)."""

    op: Literal["sinc"] = "sinc"
    cutoff: Cutoff = Field(description=f"ω in radians a pixel, up to π: {PAIR}")


class CropStep(DegradeStep):
    """A window of the field's size, anywhere in the image: the first step, of an image as large."""

    op: Literal["crop"] = "crop"


class ResizeStep(DegradeStep):
    """Another size: to that of the field, or by a factor. No low pass comes before, as in the paper."""

    op: Literal["resize"] = "resize"
    factor: Spread | None = Field(
        default=None, description=f"of the sides: {PAIR}; default: to the field's size"
    )
    filter: Filters = Field(
        default=("bicubic",), description="area, bilinear or bicubic, or a list, of which one is drawn"
    )


class NoiseStep(DegradeStep):
    """Gaussian noise."""

    op: Literal["noise"] = "noise"
    strength: Amounts = Field(description=f"standard deviation, of 255: {PAIR}")
    gray: Float = Field(
        default=0.0, ge=0, le=1, description="how often it is the same in all channels, [0, 1]"
    )


class ShotNoiseStep(DegradeStep):
    """Poisson noise, whose variance is the light: of as many levels as the image has, to a power of 2."""

    op: Literal["shot_noise"] = "shot_noise"
    scale: Amounts = Field(description=f"what the noise is multiplied by: {PAIR}")
    gray: Float = Field(
        default=0.0, ge=0, le=1, description="how often it is the same in all channels, [0, 1]"
    )


class JpegStep(DegradeStep):
    """Written as a JPEG, and read back; chroma at half the size."""

    op: Literal["jpeg"] = "jpeg"
    quality: Qualities = Field(
        description="quality, 1 to 100: a number, or [low, high], of which a whole one is drawn"
    )


class EitherStep(DegradeStep):
    """One of several ways, each a list of steps; an empty one changes nothing."""

    op: Literal["either"] = "either"
    ways: tuple[tuple[Step, ...], ...] = Field(
        min_length=2, description="lists of steps, of which one is made"
    )
    shares: tuple[Positive, ...] | None = Field(
        default=None, description="how often each is, in proportion; default: all as often"
    )

    @model_validator(mode="after")
    def _a_share_each(self) -> EitherStep:
        if self.shares is not None and len(self.shares) != len(self.ways):
            raise ValueError(f"`shares` has {len(self.shares)} numbers for {len(self.ways)} ways")
        return self


Step = Annotated[
    CropStep | BlurStep | SincStep | ResizeStep | NoiseStep | ShotNoiseStep | JpegStep | EitherStep,
    Field(discriminator="op"),
]
STEPS: tuple[type[DegradeStep], ...] = get_args(get_args(Step)[0])
OPS = tuple(one.model_fields["op"].default for one in STEPS)
WORDS = ("op", "kind", "filter")  # fields whose values are words, no expressions


def ends_at(steps: Sequence[DegradeStep], before: frozenset[bool]) -> frozenset[bool]:
    """Whether an image may be of the field's size (True) and of another (False) behind the steps."""
    now = before
    for step in steps:
        after = now
        if isinstance(step, CropStep):
            after = frozenset({True})
        elif isinstance(step, ResizeStep):
            after = frozenset({step.factor is None})
        elif isinstance(step, EitherStep):
            after = frozenset().union(*(ends_at(way, now) for way in step.ways))
        now = after if step.chance == 1 else after | now
    return now


def crops(steps: Sequence[DegradeStep]) -> bool:
    """Whether some step cuts a window."""
    return any(
        isinstance(step, CropStep) or (isinstance(step, EitherStep) and any(crops(way) for way in step.ways))
        for step in steps
    )


def writes_jpeg(steps: Sequence[DegradeStep]) -> bool:
    """Whether some step writes a JPEG."""
    return any(
        isinstance(step, JpegStep)
        or (isinstance(step, EitherStep) and any(writes_jpeg(way) for way in step.ways))
        for step in steps
    )

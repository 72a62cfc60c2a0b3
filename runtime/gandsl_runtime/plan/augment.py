"""Random transforms of what the discriminator sees, and the chance that adapts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from .number import Curve, Stairs, bounded, number
from .part import Float, PlanPart
from .quantity import Images, Interval, Quantity

MADE: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("blit", "geometry.transform", ("xflip", "rotate90", "xint")),
    ("geom", "geometry.transform", ("scale", "rotate", "aniso", "xfrac")),
    ("color", "color.transform", ("brightness", "contrast", "lumaflip", "hue", "saturation")),
    ("filter", "bands.transform", ("filter",)),
    ("noise", "corruption.noise", ("noise",)),
    ("cutout", "corruption.cutout", ("cutout",)),
    ("diffaugment", "diffaugment.color", ("diff_color",)),
    ("diffaugment", "diffaugment.translation", ("diff_translation",)),
    ("diffaugment", "diffaugment.cutout", ("diff_cutout",)),
)
"""Pipe, the function of `gandsl_runtime.augment` that makes its transforms, and these: in the order in which
they are made. Six pipes of ADA (arXiv:2006.06676, app. B), and DiffAugment (arXiv:2006.10738)."""

TRANSFORMS: dict[str, tuple[str, ...]] = {
    pipe: tuple(name for other, _, names in MADE if other == pipe for name in names) for pipe, _, _ in MADE
}
"""The transforms of each pipe."""

PIPES: dict[str, tuple[str, ...]] = TRANSFORMS | {
    "".join(name[0] for name in sum_): tuple(t for name in sum_ for t in TRANSFORMS[name])
    for sum_ in (list(TRANSFORMS)[:count] for count in range(2, 7))
}
"""The pipes and their sums bg, bgc, bgcf, bgcfn, bgcfnc."""

_EACH = tuple(dict.fromkeys(name for names in TRANSFORMS.values() for name in names))


class Adaptive(PlanPart):
    """The chance p follows how sure D is of real images (arXiv:2006.06676, section 3.1).

    At each interval p += sign(E[sign(D(x) − boundary)] − target) · batch · every / over, with the mean over
    all that D said of real images in its own phases since the last time, or, where passes are joint, in these
    alone. The boundary is 0, and (a + b)/2 for least squares.
    """

    target: Float = Field(
        default=0.6, ge=-1, le=1, description="E[sign D(x)] wanted: 1 when D knows every real image, [-1, 1]"
    )
    every: Interval = Field(default=Quantity(4, "steps"), description="interval of the changes, in steps")
    over: Images = Field(
        default=Quantity(500, "kimg"),
        description="how long p takes from 0 to 1 when it only rises (img, kimg or Mimg)",
    )
    start: Float = Field(default=0.0, ge=0, le=1, description="p at first, [0, 1]")
    max: Float | None = Field(
        default=1.0, gt=0, description="p rises no further; null: it does, and acts as 1 there"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Adaptive:
        if self.over.number <= 0:
            raise ValueError("`over` must be more than 0")
        if self.max is not None and self.start > self.max:
            raise ValueError("`start` must not exceed `max`")
        return self

    @property
    def named(self) -> Mapping[str, tuple[float, ...]]:
        """The chances that are written, by field."""
        return {"start": (self.start,)}


def _chance(value: Any) -> Any:
    """A number, a curve, stairs, `adaptive` or its fields; errors speak of that form alone."""
    if isinstance(value, Adaptive):
        return value
    if value == "adaptive":
        return Adaptive()
    if isinstance(value, dict) and not value.keys() & {"shape", "end", "values", "at"}:
        return Adaptive.model_validate(value)
    if isinstance(value, str):
        raise ValueError("must be a number, a curve, stairs, `adaptive` or its fields")
    return number(value)


def _chance_or_name(schema: dict[str, Any]) -> None:
    schema["anyOf"] = [{"const": "adaptive"}, *schema.pop("anyOf")]


def _pipe(value: Any) -> Any:
    if isinstance(value, str):
        if value not in PIPES:
            raise ValueError(
                f"unknown pipe `{value}`: one of {', '.join(PIPES)}, or a list of {', '.join(_EACH)}"
            )
        return value
    if not isinstance(value, list | tuple | dict):
        raise ValueError("must be a pipe, a list of transforms, or a mapping of transforms to shares of p")
    for name in value:
        if name not in _EACH:
            raise ValueError(f"unknown transform `{name}`: any of {', '.join(_EACH)}")
    if len(set(value)) < len(value) or not value:
        raise ValueError("must name at least one transform, and each once")
    return (
        {name: _share(name, share) for name, share in value.items()}
        if isinstance(value, dict)
        else tuple(value)
    )


def _share(name: str, share: Any) -> float:
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        raise ValueError(f"`{name}`: a share of p is a number in (0, 1], not {share!r}")
    return float(share)


_PIPE_SCHEMA = {
    "anyOf": [
        {"enum": list(PIPES)},
        {"type": "array", "items": {"enum": list(_EACH)}, "minItems": 1, "uniqueItems": True},
        {
            "type": "object",
            "propertyNames": {"enum": list(_EACH)},
            "additionalProperties": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
            "minProperties": 1,
        },
    ]
}
Transforms = str | tuple[str, ...] | dict[str, float]
Pipe = Annotated[Transforms, BeforeValidator(_pipe), WithJsonSchema(_PIPE_SCHEMA)]
Chance = Annotated[float | Curve | Stairs | Adaptive, BeforeValidator(_chance), bounded(0, 1)]


def shares(pipe: Transforms) -> dict[str, float]:
    """The transforms of a pipe, each with its share of p: the chance that it is made is share · p."""
    if isinstance(pipe, dict):
        return pipe
    return dict.fromkeys(PIPES[pipe] if isinstance(pipe, str) else pipe, 1.0)


class Augment(PlanPart):
    """What D sees, real or generated, is transformed at random, so that few images can't be learnt by heart.

    Gradients pass through: G's, and those of the penalties on D.
    """

    pipe: Pipe = Field(
        description="a pipe, a list of transforms, or a mapping of transforms to shares of p, (0, 1]. "
        f"{', '.join(PIPES)}; "
        + "; ".join(f"{pipe}: {', '.join(names)}" for pipe, names in TRANSFORMS.items() if len(names) > 1),
    )
    p: Chance = Field(
        description="chance of each transform for each image, [0, 1]: a number, a curve, stairs, or "
        "adaptive; 1 is the published choice for diffaugment",
        json_schema_extra=_chance_or_name,
    )

    @property
    def transforms(self) -> dict[str, float]:
        """The transforms of the pipe, each with its share of p."""
        return shares(self.pipe)

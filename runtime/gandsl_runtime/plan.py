"""The training plan: every choice of an experiment, with its unit, range and meaning; imports no torch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    TypeAdapter,
    model_validator,
)
from pydantic_core import core_schema

IMAGES_PER_UNIT = {"img": 1, "kimg": 1_000, "Mimg": 1_000_000}
UNITS = (*IMAGES_PER_UNIT, "steps")
_QUANTITY = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)\s*(img|kimg|Mimg|steps?)\s*")


@dataclass(frozen=True)
class Quantity:
    """A length of training: images shown (`img`, `kimg`, `Mimg`) or `steps`; prints as `25000 kimg`.

    One step is one update of the generator; it counts its batch once, however many steps D takes in it.
    """

    number: float
    unit: str

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise ValueError(f"unknown unit `{self.unit}`: write one of {', '.join(UNITS)}")
        if not 0 <= self.number < float("inf"):
            raise ValueError(f"a quantity is a number from 0 on, not {self.number}")

    @property
    def in_steps(self) -> bool:
        """Whether it counts steps rather than images."""
        return self.unit == "steps"

    @property
    def amount(self) -> float:
        """The number of images, or of steps."""
        return self.number * IMAGES_PER_UNIT.get(self.unit, 1)

    def __str__(self) -> str:
        return f"{int(self.number) if float(self.number).is_integer() else self.number} {self.unit}"

    @classmethod
    def parse(cls, value: Any) -> Quantity:
        """Read `"10 kimg"`; a Quantity passes through. Raises ValueError for all else, a bare number too."""
        if isinstance(value, Quantity):
            return value
        if isinstance(value, str) and (match := _QUANTITY.fullmatch(value)):
            return cls(float(match[1]), "steps" if match[2] == "step" else match[2])
        raise ValueError(
            f"write a number with its unit, such as `10 kimg` or `16 steps` (units: {', '.join(UNITS)})"
        )

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.parse, serialization=core_schema.to_string_ser_schema()
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{_QUANTITY.pattern}$", "examples": ["10 kimg", "16 steps"]}


def _positive(quantity: Quantity) -> Quantity:
    if quantity.number <= 0:
        raise ValueError("must be more than 0")
    return quantity


def _counts_images(quantity: Quantity) -> Quantity:
    if quantity.in_steps:
        raise ValueError(f"counts images, not steps: write one of {', '.join(IMAGES_PER_UNIT)}")
    return quantity


def _counts_steps(quantity: Quantity) -> Quantity:
    if not quantity.in_steps or quantity.number < 1 or not float(quantity.number).is_integer():
        raise ValueError("is a whole number of steps, such as `16 steps`")
    return quantity


Length = Annotated[Quantity, AfterValidator(_positive)]
Images = Annotated[Quantity, AfterValidator(_counts_images)]
Interval = Annotated[Quantity, AfterValidator(_counts_steps)]

ZERO = Quantity(0, "img")
EACH_STEP = Quantity(1, "steps")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _no_truth_value(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("must be a number, not true or false")
    return value


Int = Annotated[int, BeforeValidator(_no_truth_value)]
Float = Annotated[float, BeforeValidator(_no_truth_value)]
Flag = Annotated[bool, Field(strict=True)]  # `no` and `0` are no truth values


# ---- numbers that change during training ----------


class Curve(_Part):
    """A number that goes from `start` to `end` and stays there."""

    shape: Literal["linear", "cosine", "exponential"] = Field(
        description="way from start to end: linear, half a cosine wave, or exponential (both ends above 0)"
    )
    start: Float = Field(description="value up to `after`")
    end: Float = Field(description="value from `after` + `over` on")
    over: Length = Field(description="how long the change takes (img, kimg, Mimg or steps)")
    after: Quantity = Field(
        default=ZERO, description="when the change begins (img, kimg, Mimg or steps; unit kind of `over`)"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Curve:
        if self.shape == "exponential" and min(self.start, self.end) <= 0:
            raise ValueError("an exponential curve needs `start` and `end` above 0")
        if self.after.number and self.after.in_steps != self.over.in_steps:
            raise ValueError("`after` and `over` must both count images or both count steps")
        return self

    @property
    def ends(self) -> tuple[float, ...]:
        return (self.start, self.end)


class Stairs(_Part):
    """A number that jumps: `values[i]` holds from `at[i - 1]` on."""

    values: tuple[Float, ...] = Field(
        min_length=2, description="the values in order, one more than `at` has places"
    )
    at: tuple[Length, ...] = Field(
        min_length=1, description="where each next value begins, rising (img, kimg, Mimg or steps)"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Stairs:
        if len(self.values) != len(self.at) + 1:
            raise ValueError(
                f"{len(self.at)} places in `at` need {len(self.at) + 1} values, not {len(self.values)}"
            )
        if len({q.in_steps for q in self.at}) > 1:
            raise ValueError("`at` must count images throughout or steps throughout")
        amounts = [q.amount for q in self.at]
        if amounts != sorted(set(amounts)):
            raise ValueError("`at` must rise")
        return self

    @property
    def ends(self) -> tuple[float, ...]:
        return self.values


def _bounded(low: float, high: float, open_low: bool = False, open_high: bool = False) -> AfterValidator:
    def check(value: float | Curve | Stairs) -> float | Curve | Stairs:
        for number in (value,) if isinstance(value, int | float) else value.ends:
            if not low <= number <= high or (open_low and number == low) or (open_high and number == high):
                interval = f"{'(' if open_low else '['}{low:g}, {high:g}{')' if open_high else ']'}"
                raise ValueError(f"must lie in {interval}, not {number:g}")
        return value

    return AfterValidator(check)


def _number(value: Any) -> Any:
    """Choose the form by what is written, so that an error speaks of that form alone."""
    if isinstance(value, dict):
        return (Curve if "shape" in value else Stairs).model_validate(value)
    if isinstance(value, int | float | str | Curve | Stairs) and not isinstance(value, bool):
        return value if isinstance(value, Curve | Stairs) else _FLOAT.validate_python(value)
    raise ValueError("must be a number, a curve {shape, start, end, over} or stairs {values, at}")


_FLOAT = TypeAdapter(Annotated[float, Field(allow_inf_nan=False)])
Number = Annotated[float | Curve | Stairs, BeforeValidator(_number)]
Rate = Annotated[Number, _bounded(0, 10)]
Beta = Annotated[Number, _bounded(0, 1, open_high=True)]
Weight = Annotated[Number, _bounded(0, 1e12)]


# ---- the loss ----------


class _Objective(_Part):
    @property
    def boundary(self) -> float | None:
        """The logit above which D takes an image for real; None where a logit alone says nothing of that."""
        return 0.0


class BinaryCrossEntropy(_Objective):
    """Binary cross-entropy on logits (arXiv:1406.2661); the generator's form is the non-saturating one."""

    kind: Literal["bce"] = "bce"
    real_target: Float = Field(
        default=1.0,
        ge=0,
        le=1,
        description="target probability of real images in D's loss; 0.9 is one-sided smoothing",
    )


class Logistic(_Objective):
    """Non-saturating logistic: D softplus(−D(x)) + softplus(D(G(z))), G softplus(−D(G(z)))."""

    kind: Literal["logistic"] = "logistic"


class Hinge(_Objective):
    """Hinge (Lim and Ye 2017, arXiv:1705.02894): D relu(1 − D(x)) + relu(1 + D(G(z))), G −D(G(z))."""

    kind: Literal["hinge"] = "hinge"


class LeastSquares(_Objective):
    """Least squares (arXiv:1611.04076, eq. 2): D ½(D(x) − b)² + ½(D(G(z)) − a)², G ½(D(G(z)) − c)²."""

    kind: Literal["least_squares"] = "least_squares"
    a: Float = Field(default=0.0, description="D's target for generated images")
    b: Float = Field(default=1.0, description="D's target for real images")
    c: Float = Field(default=1.0, description="what G wants D to say of generated images")

    @property
    def boundary(self) -> float | None:
        return (self.a + self.b) / 2 if self.b > self.a else None


class Wasserstein(_Objective):
    """Wasserstein (arXiv:1701.07875): D minimizes D(G(z)) − D(x), G −D(G(z)); wants a gradient penalty."""

    kind: Literal["wasserstein"] = "wasserstein"

    @property
    def boundary(self) -> None:
        return None


class RelativisticLogistic(_Objective):
    """Relativistic pairing (arXiv:2501.05441, eq. 2): D softplus(D(G(z)) − D(x)); G the reverse."""

    kind: Literal["relativistic_logistic"] = "relativistic_logistic"

    @property
    def boundary(self) -> None:
        return None


class RelativisticHinge(_Objective):
    """Relativistic average hinge (arXiv:1807.00734): of D(x) − mean D(G(z)) and its mirror; G the reverse."""

    kind: Literal["relativistic_hinge"] = "relativistic_hinge"

    @property
    def boundary(self) -> None:
        return None


_Losses = (
    BinaryCrossEntropy
    | Logistic
    | Hinge
    | LeastSquares
    | Wasserstein
    | RelativisticLogistic
    | RelativisticHinge
)
_LOSS_OF: dict[str, type[_Part]] = {part.model_fields["kind"].default: part for part in get_args(_Losses)}
LOSS_NAMES = tuple(_LOSS_OF)


def _loss(value: Any) -> Any:
    """A name, or an object with `kind`; errors speak of that kind alone."""
    written = {"kind": value} if isinstance(value, str) else value
    if not isinstance(written, dict):
        return written
    kind = written.get("kind")
    if kind not in LOSS_NAMES:
        raise ValueError(f"unknown loss `{kind}`: one of {', '.join(LOSS_NAMES)}")
    return _LOSS_OF[kind].model_validate(written)


def _loss_or_name(schema: dict[str, Any]) -> None:
    form = {key: schema.pop(key) for key in ("anyOf", "oneOf") if key in schema}
    schema["anyOf"] = [{"enum": list(LOSS_NAMES)}, form]


Loss = Annotated[_Losses, BeforeValidator(_loss)]


# ---- regularizers ----------


class _Lazy(_Part):
    every: Interval = Field(
        default=EACH_STEP,
        description="interval in steps; 1 adds the penalty to the main loss, more makes it an optimizer "
        "step of its own with the penalty times the interval (lazy regularization, arXiv:1912.04958, app. B)",
    )

    @property
    def interval(self) -> int:
        """The interval in steps."""
        return int(self.every.number)


class R1(_Lazy):
    """γ/2 · E‖∇D(x)‖² on real images (Mescheder et al. 2018, arXiv:1801.04406, eq. 9)."""

    gamma: Weight = Field(description="γ, from 0; squared-norm weight is γ/2")


class R2(_Lazy):
    """γ/2 · E‖∇D(G(z))‖² on generated images (arXiv:1801.04406, eq. 10)."""

    gamma: Weight = Field(description="γ, from 0; squared-norm weight is γ/2")


class GradientPenalty(_Lazy):
    """weight · E(‖∇D(x̂)‖ − target)² (Gulrajani et al. 2017, arXiv:1704.00028, eq. 3)."""

    weight: Weight = Field(default=10.0, description="λ, from 0")
    target: Float = Field(default=1.0, ge=0, description="the norm wanted; 0 is the zero-centred form")
    interpolate: Literal["between", "real", "fake"] = Field(
        default="between",
        description="x̂: between a real and a generated image (one uniform weight each), or at one of them",
    )


class Drift(_Part):
    """weight · E D(x)² on real images (Karras et al. 2017, arXiv:1710.10196, appendix A.1)."""

    weight: Weight = Field(default=0.001, description="ε, from 0")


class PathLength(_Lazy):
    """weight · E(‖Jᵀy‖ − a)² in the style space, a its running mean (arXiv:1912.04958, eq. 4)."""

    weight: Weight = Field(default=2.0, description="from 0")
    decay: Float = Field(
        default=0.01, gt=0, le=1, description="share of the new mean length in the running mean a"
    )
    batch: Int | None = Field(
        default=None, ge=1, description="images a step for this penalty; null: the whole batch"
    )


class Orthogonal(_Part):
    """weight · ½‖WWᵀ ∘ (1 − I)‖² over G's weights, each as (out, −1) (arXiv:1809.11096, eq. 3)."""

    weight: Weight = Field(default=1e-4, description="β, from 0; adds β·2(WWᵀ ∘ (1 − I))W to the gradients")
    skip: tuple[str, ...] = Field(
        default=(),
        description="node ids whose weights, or those below them, are left out; a shared embedding",
    )


class Regularizers(_Part):
    """Penalties; a weight of 0 leaves the penalty out but keeps its lazy correction of the optimizer."""

    r1: R1 | None = Field(default=None, description="gradient penalty on real images")
    r2: R2 | None = Field(default=None, description="gradient penalty on generated images")
    gradient_penalty: GradientPenalty | None = Field(
        default=None, description="gradient penalty with a target norm"
    )
    drift: Drift | None = Field(default=None, description="keeps D's output on real images near 0")
    path_length: PathLength | None = Field(
        default=None, description="path-length regularization of G; needs a style space"
    )
    orthogonal: Orthogonal | None = Field(default=None, description="keeps the rows of G's weights apart")


# ---- optimizers ----------


class Adam(_Part):
    """Adam (arXiv:1412.6980). `lr` and `betas` are as without lazy regularization.

    A network with lazy penalties takes Σ 1/every extra optimizer steps (over the distinct intervals) for its
    d main ones. `schedule.lazy_ratio` gives r = d / (d + Σ 1/every), which is every / (every + 1) for one
    penalty and d = 1; the optimizer runs with lr·r and β^r throughout (arXiv:1912.04958, appendix B).
    """

    kind: Literal["adam"] = Field(default="adam", description="the optimizer's name")
    lr: Rate = Field(description="learning rate, [0, 10]; a number, a curve or stairs")
    betas: tuple[Beta, Beta] = Field(
        default=(0.9, 0.999), description="decay of the first and second moment, [0, 1)"
    )
    eps: Float = Field(default=1e-8, gt=0, le=1, description="added to the root of the second moment")


class AdamChanges(_Part):
    """What differs from `optimizer` for one network."""

    lr: Rate | None = Field(default=None, description="learning rate, [0, 10]; null: as in `optimizer`")
    betas: tuple[Beta, Beta] | None = Field(
        default=None, description="moments' decay, [0, 1); null: as in `optimizer`"
    )
    eps: Float | None = Field(default=None, gt=0, le=1, description="null: as in `optimizer`")


# ---- augmentation ----------

TRANSFORMS: dict[str, tuple[str, ...]] = {
    "blit": ("xflip", "rotate90", "xint"),
    "geom": ("scale", "rotate", "aniso", "xfrac"),
    "color": ("brightness", "contrast", "lumaflip", "hue", "saturation"),
    "filter": ("filter",),
    "noise": ("noise",),
    "cutout": ("cutout",),
    "diffaugment": ("diff_color", "diff_translation", "diff_cutout"),
}
"""The transforms of each pipe: six of ADA (arXiv:2006.06676, app. B), and DiffAugment (arXiv:2006.10738)."""

PIPES: dict[str, tuple[str, ...]] = TRANSFORMS | {
    "".join(name[0] for name in sum_): tuple(t for name in sum_ for t in TRANSFORMS[name])
    for sum_ in (list(TRANSFORMS)[:count] for count in range(2, 7))
}
"""The pipes and their sums bg, bgc, bgcf, bgcfn, bgcfnc."""

_EACH = tuple(dict.fromkeys(name for names in TRANSFORMS.values() for name in names))


class Adaptive(_Part):
    """The chance p follows how sure D is of real images (arXiv:2006.06676, section 3.1).

    At each interval p += sign(E[sign(D(x) − boundary)] − target) · batch · every / over, with the mean over
    all that D said of real images in its own phases since the last time. The boundary is 0, and (a + b)/2
    for least squares.
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
    def ends(self) -> tuple[float, ...]:
        return (self.start,)


def _chance(value: Any) -> Any:
    """A number, a curve, stairs, `adaptive` or its fields; errors speak of that form alone."""
    if isinstance(value, Adaptive):
        return value
    if value == "adaptive":
        return Adaptive()
    if isinstance(value, dict) and not value.keys() & {"shape", "values", "at"}:
        return Adaptive.model_validate(value)
    if isinstance(value, str):
        raise ValueError("must be a number, a curve, stairs, `adaptive` or its fields")
    return _number(value)


def _chance_or_name(schema: dict[str, Any]) -> None:
    schema["anyOf"] = [{"const": "adaptive"}, *schema.pop("anyOf")]


def _pipe(value: Any) -> Any:
    if not isinstance(value, list | tuple):
        if not isinstance(value, str) or value not in PIPES:
            raise ValueError(
                f"unknown pipe `{value}`: one of {', '.join(PIPES)}, or a list of {', '.join(_EACH)}"
            )
        return value
    for name in value:
        if name not in _EACH:
            raise ValueError(f"unknown transform `{name}`: any of {', '.join(_EACH)}")
    if len(set(value)) < len(value) or not value:
        raise ValueError("must name at least one transform, and each once")
    return tuple(value)


Pipe = Annotated[str | tuple[str, ...], BeforeValidator(_pipe)]
Chance = Annotated[float | Curve | Stairs | Adaptive, BeforeValidator(_chance), _bounded(0, 1)]


class Augment(_Part):
    """What D sees, real or generated, is transformed at random, so that few images can't be learnt by heart.

    Gradients pass through: G's, and those of the penalties on D.
    """

    pipe: Pipe = Field(
        description=f"a pipe or a list of transforms. {', '.join(PIPES)}; "
        + "; ".join(f"{pipe}: {', '.join(names)}" for pipe, names in TRANSFORMS.items() if len(names) > 1),
        json_schema_extra={
            "anyOf": [
                {"enum": list(PIPES)},
                {"type": "array", "items": {"enum": list(_EACH)}, "minItems": 1, "uniqueItems": True},
            ]
        },
    )
    p: Chance = Field(
        description="chance of each transform for each image, [0, 1]: a number, a curve, stairs, or "
        "adaptive; 1 is the published choice for diffaugment",
        json_schema_extra=_chance_or_name,
    )

    @property
    def transforms(self) -> frozenset[str]:
        """The transforms of the pipe."""
        return frozenset(PIPES[self.pipe] if isinstance(self.pipe, str) else self.pipe)


# ---- the rest of the plan ----------


class StyleMixing(_Part):
    """Two latents share the layers of one image, split at a random layer (arXiv:1812.04948, section 3.1)."""

    probability: Float = Field(default=0.9, ge=0, le=1, description="chance that images are mixed, [0, 1]")
    per: Literal["micro_batch", "sample"] = Field(
        default="micro_batch", description="one split for a micro-batch, or one for each image"
    )


class Ema(_Part):
    """Average of the generator's weights, which is sampled: average ← lerp(weights, average, β)."""

    half_life: Length | None = Field(
        default=None, description="β = 0.5^(batch / half_life) (img, kimg, Mimg or steps)"
    )
    decay: Float | None = Field(
        default=None, ge=0, lt=1, description="β of each step, in place of half_life, [0, 1)"
    )
    ramp_up: Float | None = Field(
        default=None,
        gt=0,
        description="the half-life is at most this share of what was trained so far, such as 0.05",
    )
    start: Quantity = Field(
        default=ZERO, description="up to here the average is a copy of the weights (img, kimg, Mimg or steps)"
    )
    buffers: Literal["copy", "average"] = Field(
        default="copy", description="buffers in floats are copied or averaged; integers are copied"
    )

    @model_validator(mode="after")
    def _one_form(self) -> Ema:
        if (self.half_life is None) == (self.decay is None):
            raise ValueError("give `half_life` or `decay`, one of the two")
        if self.ramp_up is not None and self.half_life is None:
            raise ValueError("`ramp_up` limits a `half_life`; with `decay` use `start`")
        return self


class Growth(_Part):
    """Progressive growing (arXiv:1710.10196): a level trains, then the next fades in; the last stays."""

    start: Int | None = Field(
        default=None,
        ge=1,
        description="longer side of the first level's images, pixels; null: the smallest level",
    )
    stable: Images = Field(description="how long a level trains before the next fades in (img, kimg or Mimg)")
    fade: Images = Field(description="how long a fade takes, 0 img for a jump (img, kimg or Mimg)")
    batch: dict[int, Annotated[Int, Field(ge=1)]] = Field(
        default={}, description="batch at a level, keyed by its longer side in pixels; others: `batch`"
    )
    lr: dict[int, Rate] = Field(
        default={},
        description="learning rate of both networks at a level, keyed by its longer side; others: "
        "`optimizer.lr`",
    )
    reset_optimizer: Flag = Field(
        default=True, description="forget the optimizers' moments where a fade starts and where it ends"
    )

    @model_validator(mode="after")
    def _advances(self) -> Growth:
        if self.stable.number + self.fade.number <= 0:
            raise ValueError("`stable` and `fade` can't both be 0")
        return self

    def first_level(self, sizes: Sequence[tuple[int, int]]) -> int:
        """The level that trains first, of levels (h, w). Raises ValueError when none is of size `start`."""
        longer = [max(size) for size in sizes]
        if self.start is None:
            return 0
        if self.start not in longer:
            raise ValueError(
                f"growth.start is {self.start}, and the levels are {', '.join(map(str, longer))}"
            )
        return longer.index(self.start)

    def strangers(self, sizes: Sequence[tuple[int, int]]) -> list[tuple[str, int]]:
        """Fields (`batch`, `lr`) and their keys that are no level of (h, w).

        Not among them are sizes that the family would reach by doubling on: a spec that is cut to a smaller
        final size keeps its schedule.
        """
        longer = [max(size) for size in sizes]
        known = {*longer, *(longer[-1] << k for k in range(1, 24))}
        return [(field, key) for field in ("batch", "lr") for key in getattr(self, field) if key not in known]

    def full_size_at(self, sizes: Sequence[tuple[int, int]]) -> float:
        """Images shown when the last of the levels (h, w) has faded in."""
        return (len(sizes) - 1 - self.first_level(sizes)) * (self.stable.amount + self.fade.amount)


class Data(_Part):
    """How images enter the networks."""

    flip: Flag = Field(default=False, description="mirror each image left to right with chance ½")
    range: tuple[Float, Float] = Field(default=(-1.0, 1.0), description="what black and white become")

    @model_validator(mode="after")
    def _rises(self) -> Data:
        if self.range[0] >= self.range[1]:
            raise ValueError("`range` must rise, such as [-1, 1]")
        return self


class Cadence(_Part):
    """How often the run writes something."""

    log: Length = Field(
        default=Quantity(50, "steps"), description="scalars to the log (img, kimg, Mimg or steps)"
    )
    grid: Length = Field(default=Quantity(20, "kimg"), description="image grid (img, kimg, Mimg or steps)")
    checkpoint: Length = Field(
        default=Quantity(100, "kimg"), description="checkpoint (img, kimg, Mimg or steps)"
    )
    keep: Int = Field(default=2, ge=1, description="checkpoints kept, the newest")


class Plan(_Part):
    """The whole experiment; the command line adds places, devices and the seed."""

    length: Length = Field(description="how long to train (img, kimg, Mimg or steps)")
    batch: Int = Field(ge=1, description="images a step, from 1")
    micro_batch: Int | None = Field(
        default=None,
        ge=1,
        description="images at a time in a step: gradients are accumulated; null: the batch at once",
    )
    loss: Loss = Field(
        description="a name or an object with its parameters: " + ", ".join(LOSS_NAMES),
        json_schema_extra=_loss_or_name,
    )
    regularizers: Regularizers = Field(default=Regularizers(), description="penalties of both networks")
    optimizer: Adam = Field(description="of both networks")
    generator_optimizer: AdamChanges | None = Field(
        default=None, description="what differs for the generator"
    )
    discriminator_optimizer: AdamChanges | None = Field(
        default=None, description="what differs for the discriminator"
    )
    discriminator_steps: Int = Field(
        default=1, ge=1, description="discriminator steps, each on fresh images, for one of the generator"
    )
    discriminator_passes: Literal["separate", "joint"] = Field(
        default="separate",
        description="D sees generated and real images in two passes, or concatenated in one (in that order)",
    )
    style_mixing: StyleMixing | None = Field(default=None, description="needs a style space; null: none")
    ema: Ema | None = Field(
        default=None,
        description="average of the generator's weights; null: none, samples come from the weights",
    )
    growth: Growth | None = Field(default=None, description="null: all of training at full size")
    augment: Augment | None = Field(
        default=None, description="random transforms of what the discriminator sees; null: none"
    )
    data: Data = Field(default=Data(), description="how images enter the networks")
    cadence: Cadence = Field(default=Cadence(), description="how often the run writes something")

    @property
    def adapts(self) -> bool:
        """Whether augmentation follows what D says of real images."""
        return self.augment is not None and isinstance(self.augment.p, Adaptive)

    @model_validator(mode="after")
    def _consistent(self) -> Plan:
        path_length = self.regularizers.path_length
        if path_length and path_length.batch and path_length.batch > self.batch:
            raise ValueError(
                f"regularizers.path_length.batch is {path_length.batch}, more than the batch of {self.batch}"
            )
        if self.adapts and self.loss.boundary is None:
            raise ValueError(
                f"augment.p can't adapt: {self.loss.kind} has no boundary between real and generated; "
                "give augment.p a number or a curve"
            )
        if self.growth and self.growth.lr:
            for name, changes in (
                ("generator", self.generator_optimizer),
                ("discriminator", self.discriminator_optimizer),
            ):
                if changes and changes.lr is not None:
                    raise ValueError(
                        f"growth.lr sets the rate of both networks: leave {name}_optimizer.lr out"
                    )
        return self

    def optimizer_of(self, network: Literal["generator", "discriminator"]) -> Adam:
        """The optimizer of one network, its changes applied."""
        changes = self.generator_optimizer if network == "generator" else self.discriminator_optimizer
        return self.optimizer.model_copy(update={k: v for k, v in changes or () if v is not None})

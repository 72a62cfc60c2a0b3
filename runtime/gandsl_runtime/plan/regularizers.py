"""The penalties on either network."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from .augment import Pipe
from .blocks import doc_of, param
from .number import Weight
from .part import Flag, Float, Int, PlanPart
from .quantity import EACH_STEP, Interval, Quantity


class _Lazy(PlanPart):
    """A penalty that may be taken every few steps."""

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
    __doc__ = doc_of("penalty.zero_centred")

    gamma: Weight = Field(description="γ, from 0; squared-norm weight is γ/2")


class R2(_Lazy):
    __doc__ = doc_of("penalty.zero_centred")

    gamma: Weight = Field(description="γ, from 0; squared-norm weight is γ/2")


class GradientPenalty(_Lazy):
    __doc__ = doc_of("penalty.gradient")

    weight: Weight = Field(default=10.0, description="λ, from 0")
    target: Float = param("penalty.gradient", "target")
    interpolate: Literal["between", "real", "fake"] = Field(
        default="between",
        description="x̂: between a real and a generated image (one uniform weight each), or at one of them",
    )


class Drift(PlanPart):
    __doc__ = doc_of("penalty.drift")

    weight: Weight = Field(default=0.001, description="ε, from 0")


class PathLength(_Lazy):
    __doc__ = doc_of("penalty.path_length")

    weight: Weight = Field(default=2.0, description="from 0")
    decay: Float = param("penalty.path_length", "decay", gt=0)
    batch: Int | None = Field(
        default=None, ge=1, description="images a step for this penalty; null: the whole batch"
    )


class Orthogonal(PlanPart):
    __doc__ = doc_of("penalty.orthogonal")

    weight: Weight = Field(default=1e-4, description="β, from 0; adds β·2(WWᵀ ∘ (1 − I))W to the gradients")
    skip: tuple[str, ...] = Field(
        default=(),
        description="node ids whose weights, or those below them, are left out; a shared embedding",
    )


class LatentConsistency(PlanPart):
    __doc__ = doc_of("consistency.latent", "consistency.apart")

    sigma: Float = Field(default=0.03, gt=0, description="σ, how far each number of z moves, above 0")
    discriminator: Weight = Field(default=5.0, description="weight in D's loss, from 0")
    generator: Weight = Field(default=0.5, description="weight in G's loss, from 0: images should differ")


class Consistency(PlanPart):
    __doc__ = doc_of("consistency.transformed")

    real: Weight = Field(default=10.0, description="weight on real images, from 0")
    fake: Weight = Field(default=0.0, description="weight on generated images, from 0; bCR: 10")
    pipe: Pipe = Field(
        default=("xflip", "xint"),
        description="T: a pipe or a list of transforms, as augment's; flips of every other image and shifts "
        "by up to an eighth of the side are the papers'",
    )
    latent: LatentConsistency | None = Field(default=None, description="consistency in z; null: none")


class LeCam(PlanPart):
    __doc__ = doc_of("penalty.lecam")

    weight: Weight = Field(description="λ, from 0")
    decay: Float = param("penalty.lecam", "decay", ge=0, lt=1)
    start: Quantity = Field(
        default=Quantity(1000, "steps"),
        description="when it begins (img, kimg, Mimg or steps), after one step at least; until then α is the "
        "last step's mean",
    )
    one_sided: Flag = param("penalty.lecam", "one_sided")


class TopSingularValue(PlanPart):
    """W ← W − max(0, σ0 − σ_clamp) u0v0ᵀ, each W as (out, −1), after each optimizer step of its network.

    σ_clamp is a number or a multiple of the second singular value σ1 (arXiv:1809.11096, section 4.1). Weights
    are taken as they are stored, before equalization or spectral normalization.
    """

    limit: Float | None = Field(default=None, gt=0, description="σ_clamp, above 0; null: `ratio` says it")
    ratio: Float | None = Field(default=None, ge=1, description="σ_clamp as a multiple of σ1, from 1")
    network: Literal["generator", "discriminator", "both"] = Field(
        default="generator", description="whose weights: generator, discriminator or both"
    )
    skip: tuple[str, ...] = Field(
        default=(), description="node ids whose weights, or those below them, are left out"
    )

    @model_validator(mode="after")
    def _consistent(self) -> TopSingularValue:
        if (self.limit is None) == (self.ratio is None):
            raise ValueError("write one of `limit` and `ratio`")
        return self

    @property
    def networks(self) -> tuple[str, ...]:
        """Whose weights."""
        return ("generator", "discriminator") if self.network == "both" else (self.network,)


class Regularizers(PlanPart):
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
    lecam: LeCam | None = Field(
        default=None, description="keeps D's outputs on real images near those on generated ones"
    )
    consistency: Consistency | None = Field(
        default=None, description="keeps D's outputs where an image is transformed"
    )

    @property
    def batches(self) -> dict[str, int]:
        """The images a step of penalties that say how many, by the path of the field."""
        return {f"{name}.batch": size for name, part in self if (size := getattr(part, "batch", None))}

"""In which numbers a step is computed, and what of it is kept for the backward."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from ..weights_file import Compute
from .part import Int, PlanPart

HALVES = {"bf16": "bfloat16", "fp16": "float16"}
"""The 16-bit formats of `compute`, by torch's names."""


class Precision(PlanPart):
    """The numbers of training. Weights, optimizers, statistics, latents, styles and losses are fp32 always.

    Of the networks, features alone are computed in 16 bits; normalization takes its statistics in fp32, and
    what stands between the last convolutions and an output (a sum of RGB, tanh) is fp32. Sampling is fp32.
    """

    compute: Literal["fp32", "tf32", "bf16", "fp16"] = Field(
        default="fp32",
        description="fp32; tf32: fp32 whose products a GPU rounds to 10 bits of fraction; bf16 or fp16: "
        "features in 16 bits",
    )
    stages: Int | None = Field(
        default=None,
        ge=1,
        description="with bf16 and fp16: only the stages of this many largest resolutions, and never the "
        "smallest one (arXiv:2006.06676, app. D); null: all",
    )
    overflow: Literal["scale", "replace"] | None = Field(
        default=None,
        description="with fp16: what is done about gradients too small or too large. scale: losses are "
        "multiplied by a number that adapts, and a step with infinite gradients is left out "
        "(arXiv:1710.03740); replace: infinite gradients become ±1e5, undefined ones 0: enough where "
        "activations are clamped (arXiv:2006.06676, app. D); null: scale with fp16",
    )

    fallback: Literal["fp32"] | None = Field(
        default=None,
        description="what a step is computed in on a device that is not made for `compute` (a CPU; a GPU "
        "before Volta for fp16, before Ampere for tf32 and bf16), which the run says; null: `compute` still",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Precision:
        if self.stages is not None and self.half is None:
            raise ValueError(f"`stages` says where bf16 or fp16 is used: leave it out with {self.compute}")
        if self.overflow is not None and self.compute != "fp16":
            raise ValueError(f"`overflow` is about fp16: leave it out with {self.compute}")
        if self.fallback is not None and self.compute == "fp32":
            raise ValueError("every device has fp32: leave `fallback` out")
        return self

    @property
    def half(self) -> str | None:
        """The 16-bit format by torch's name; None where there is none."""
        return HALVES.get(self.compute)

    @property
    def scales(self) -> bool:
        """Whether losses are scaled."""
        return self.compute == "fp16" and self.overflow != "replace"

    @property
    def replaces(self) -> bool:
        """Whether gradients that are not finite are replaced."""
        return self.overflow == "replace"


def own_precision(own: Compute | None, plan: Precision) -> Precision:
    """What a network is computed in: as it says itself, else as the plan says."""
    if own is None or own == plan.compute:
        return plan
    fallback = plan.fallback if own != "fp32" else None
    overflow = plan.overflow if own == "fp16" else None
    return Precision(compute=own, overflow=overflow, fallback=fallback)

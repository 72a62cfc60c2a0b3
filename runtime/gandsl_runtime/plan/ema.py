"""Averages of networks' weights."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from .number import MovingLength
from .part import Float, PlanPart
from .quantity import ZERO, Quantity


class Ema(PlanPart):
    """Average of a network's weights: average ← lerp(weights, average, β). Samples are the generator's.

    With `power` β = (1 − 1/t)^(power + 1) at the t-th step: the average's weights are a power of the time
    (arXiv:2312.02696, equation 6), so it is as wide at any length: a width σ_rel of 5 or 10 % of the time has
    a power of 16.97 or 6.94. Where the batch changes, time is images shown.
    """

    half_life: MovingLength | None = Field(
        default=None,
        description="β = 0.5^(batch / half_life) (img, kimg, Mimg or steps, or a curve of them); 0: a copy",
    )
    decay: Float | None = Field(
        default=None, ge=0, lt=1, description="β of each step, in place of half_life, [0, 1)"
    )
    power: Float | None = Field(
        default=None, ge=0, le=1000, description="β = (1 − 1/t)^(power + 1), in place of half_life"
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
        if sum(form is not None for form in (self.half_life, self.decay, self.power)) != 1:
            raise ValueError("give `half_life`, `decay` or `power`, one of the three")
        if self.ramp_up is not None and self.half_life is None:
            raise ValueError("`ramp_up` limits a `half_life`; with another form use `start`")
        return self

"""The average of the generator's weights."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from .number import MovingLength
from .part import Float, PlanPart
from .quantity import ZERO, Quantity


class Ema(PlanPart):
    """Average of the generator's weights, which is sampled: average ← lerp(weights, average, β)."""

    half_life: MovingLength | None = Field(
        default=None,
        description="β = 0.5^(batch / half_life) (img, kimg, Mimg or steps, or a curve of them); 0: a copy",
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

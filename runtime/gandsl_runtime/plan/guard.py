"""The guard against collapse: what counts as one, and what is done about it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from .part import Float, Int, PlanPart


class Guard(PlanPart):
    """Watches singular values, logits, gradients and the diversity of samples against the run's own past.

    A look measures them all (docs/training.md says how). One alarms when it is past both limits, its factor
    and `deviations`, in `patience` looks in a row; what is not a finite number alarms at once.
    """

    every: Int = Field(default=1, ge=1, description="records of the log from one look to the next, from 1")
    samples: Int = Field(
        default=64, ge=8, le=1024, description="fixed generated and real images a look compares, 8 to 1024"
    )
    window: Int = Field(
        default=40, ge=8, description="looks that make the run's own past, before those judged; from 8"
    )
    warm_up: Int = Field(
        default=20,
        ge=4,
        description="looks before the first is judged, in each stage of growth anew; from 4 to `window`",
    )
    patience: Int = Field(default=3, ge=1, description="looks in a row that must be out of bounds, from 1")
    factor: Float = Field(
        default=3.0,
        gt=1,
        description="how many times the past's median logits or gradients may be, or diversity the reverse; "
        "above 1",
    )
    deviations: Float = Field(
        default=8.0,
        ge=0,
        description="… and how many robust deviations away: 1.4826 · median |log x − median log x|; from 0",
    )
    sigma_factor: Float = Field(
        default=1.4, gt=1, description="`factor` of top singular values, which move slowly; above 1"
    )
    sigma_deviations: Float = Field(
        default=20.0, ge=0, description="`deviations` of top singular values, which vary little; from 0"
    )
    diversity: Float = Field(
        default=0.1,
        ge=0,
        lt=1,
        description="share of real images' diversity that samples, once above it, may not fall below; [0, 1)",
    )
    on_alarm: Literal["warn", "stop", "rollback"] = Field(
        default="warn",
        description="warn: say so, keep the last good state and go on; stop: end the run there; rollback: go "
        "back to that state, lower the rates, draw anew and go on",
    )
    lr_factor: Float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="both learning rates are multiplied by it at each rollback, (0, 1]",
    )
    most: Int = Field(default=3, ge=1, description="rollbacks of a run; one alarm more ends it; from 1")

    @model_validator(mode="after")
    def _consistent(self) -> Guard:
        if self.warm_up > self.window:
            raise ValueError(f"warm_up is {self.warm_up} looks, more than the window of {self.window}")
        return self

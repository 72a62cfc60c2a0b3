"""The optimizers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .number import Beta, Rate
from .part import Float, PlanPart


class Adam(PlanPart):
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


class AdamChanges(PlanPart):
    """What differs from `optimizer` for one network."""

    lr: Rate | None = Field(default=None, description="learning rate, [0, 10]; null: as in `optimizer`")
    betas: tuple[Beta, Beta] | None = Field(
        default=None, description="moments' decay, [0, 1); null: as in `optimizer`"
    )
    eps: Float | None = Field(default=None, gt=0, le=1, description="null: as in `optimizer`")

"""How often a run writes something, and which of its checkpoints stay."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .part import Int, PlanPart
from .quantity import Images, Length, Quantity


class Best(PlanPart):
    """Checkpoints kept because a value in the log was good when they were written."""

    metric: str = Field(
        min_length=1,
        description="a name in the log, such as `loss/G` or a metric's; its newest value counts",
    )
    mode: Literal["min", "max"] = Field(default="min", description="whether less or more is better")
    keep: Int = Field(default=1, ge=1, description="checkpoints kept for it, from 1; of equals the earlier")


class Stop(PlanPart):
    """The run ends before its length when a value in the log no longer gets better."""

    metric: str = Field(min_length=1, description="a name in the log, such as metric/kid")
    mode: Literal["min", "max"] = Field(default="min", description="whether less or more is better")
    patience: Int = Field(
        default=5, ge=1, description="new values in a row that are no better than the best, from 1"
    )


class Cadence(PlanPart):
    """How often the run writes something, and which checkpoints stay."""

    log: Length = Field(
        default=Quantity(50, "steps"), description="scalars to the log (img, kimg, Mimg or steps)"
    )
    grid: Length = Field(default=Quantity(20, "kimg"), description="image grid (img, kimg, Mimg or steps)")
    checkpoint: Length = Field(
        default=Quantity(100, "kimg"), description="checkpoint (img, kimg, Mimg or steps)"
    )
    keep: Int = Field(default=2, ge=1, description="checkpoints kept, the newest")
    best: Best | None = Field(
        default=None, description="checkpoints kept beside the newest, by a value of the log; null: none"
    )
    stop: Stop | None = Field(
        default=None, description="ends the run early, by a value of the log; null: at its length alone"
    )
    milestone: Images | None = Field(
        default=None,
        description="of every so many images (img, kimg, Mimg) the first checkpoint stays; null: none does",
    )

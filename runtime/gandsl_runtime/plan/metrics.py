"""What of a run's samples is measured while it trains (`training.metrics`)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from ..evaluation import rows
from .part import Int, PlanPart
from .quantity import Length, Quantity

IN_TRAINING = {  # what needs no more than samples and training images
    name: row
    for name, row in rows.METRICS.items()
    if not row.needs & {"pairs", "generator", "labels", "held_out"}
}


class MetricPlan(PlanPart):
    """How often a metric is measured, and of how many samples."""

    every: Length = Field(
        default=Quantity(200, "kimg"), description="from one to the next (img, kimg, Mimg or steps)"
    )
    images: Int = Field(default=5000, ge=16, description="samples, and as many real images; from 16")
    extractor: str = Field(
        default="lite0",
        min_length=1,
        description="whose features: a name, or NAME:FILE (docs/evaluation.md); of metrics that want any",
    )


def _known(value: dict[str, Any]) -> dict[str, Any]:
    for name in value:
        if name in rows.METRICS and name not in IN_TRAINING:
            raise ValueError(f"`{name}` is measured by `gandsl eval`, not in training")
    rows.checked([*value])
    return value


Metrics = Annotated[dict[str, MetricPlan], AfterValidator(_known)]

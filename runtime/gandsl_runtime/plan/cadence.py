"""How often a run writes something."""

from __future__ import annotations

from pydantic import Field

from .part import Int, Part
from .quantity import Length, Quantity


class Cadence(Part):
    """How often the run writes something."""

    log: Length = Field(
        default=Quantity(50, "steps"), description="scalars to the log (img, kimg, Mimg or steps)"
    )
    grid: Length = Field(default=Quantity(20, "kimg"), description="image grid (img, kimg, Mimg or steps)")
    checkpoint: Length = Field(
        default=Quantity(100, "kimg"), description="checkpoint (img, kimg, Mimg or steps)"
    )
    keep: Int = Field(default=2, ge=1, description="checkpoints kept, the newest")

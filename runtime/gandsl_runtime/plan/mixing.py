"""Style mixing."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .part import Float, PlanPart


class StyleMixing(PlanPart):
    """Two latents share the layers of one image, split at a random layer (arXiv:1812.04948, section 3.1)."""

    probability: Float = Field(default=0.9, ge=0, le=1, description="chance that images are mixed, [0, 1]")
    per: Literal["batch", "micro_batch", "sample"] = Field(
        default="micro_batch",
        description="one split for a batch, for what one process handles at a time, or for each image",
    )

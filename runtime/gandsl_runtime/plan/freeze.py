"""Weights that rest for a while."""

from __future__ import annotations

from fnmatch import fnmatchcase

from pydantic import ConfigDict, Field

from .part import PlanPart
from .quantity import ZERO, Quantity


class Freeze(PlanPart):
    """Weights that stay as they are, with their moments, for a part of training.

    Gradients pass through their layers. Statistics of batches go on moving, as in every layer that runs.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    network: str = Field(description="the network's name")
    nodes: tuple[str, ...] = Field(
        min_length=1,
        description="ids of nodes, of what is above them (synthesis.s4: that stage), or patterns (*.rgb)",
    )
    start: Quantity = Field(
        default=ZERO, alias="from", description="when it begins (img, kimg, Mimg or steps)"
    )
    until: Quantity | None = Field(
        default=None, description="when it ends (img, kimg, Mimg or steps); null: never"
    )

    def holds(self, id_: str) -> bool:
        """Whether a node of the network, or the weight of one, is named."""
        parts = id_.split(".")
        above = [".".join(parts[: count + 1]) for count in range(len(parts))]
        return any(fnmatchcase(place, pattern) for pattern in self.nodes for place in above)

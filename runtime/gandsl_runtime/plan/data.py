"""How images enter the networks."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from .part import Flag, Float, Part


class Data(Part):
    """How images enter the networks."""

    flip: Flag = Field(default=False, description="mirror each image left to right with chance ½")
    range: tuple[Float, Float] = Field(default=(-1.0, 1.0), description="what black and white become")

    broken: Literal["stop", "skip"] = Field(
        default="stop",
        description="an image that can't be read ends the run, or the next one that can takes its place",
    )

    @model_validator(mode="after")
    def _rises(self) -> Data:
        if self.range[0] >= self.range[1]:
            raise ValueError("`range` must rise, such as [-1, 1]")
        return self

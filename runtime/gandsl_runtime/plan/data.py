"""How images enter the networks."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from .part import Flag, Float, Int, PlanPart


class Data(PlanPart):
    """How images enter the networks."""

    flip: Flag = Field(default=False, description="mirror each image left to right with chance ½")
    range: tuple[Float, Float] = Field(default=(-1.0, 1.0), description="what black and white become")

    broken: Literal["stop", "skip"] = Field(
        default="stop",
        description="an image that can't be read ends the run, or the next one that can takes its place",
    )
    balance: Flag = Field(
        default=False,
        description="draw classes evenly, generated ones too: images of a small class come more often",
    )
    white: Int = Field(
        default=65535,
        ge=1,
        le=65535,
        description="the value in images of 16 bits that is white, 1 to 65535; 4095 where they hold 12 bits",
    )

    @model_validator(mode="after")
    def _rises(self) -> Data:
        if self.range[0] >= self.range[1]:
            raise ValueError("`range` must rise, such as [-1, 1]")
        return self

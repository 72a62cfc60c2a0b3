"""What every part of the plan is: frozen, strict, without room for misspelt fields; its plain numbers."""

from __future__ import annotations

from typing import Annotated, Any, Self, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class PlanPart(BaseModel):
    """A section of the plan: its fields, whose descriptions are the reference.

    Its validator is made when one is asked for: most commands ask for none, and a plan's has all its parts'.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)

    @classmethod
    def of_defaults(cls) -> Self:
        """What `cls()` is, made without a validator: a module may have one as it is imported."""
        return cast("Self", cls.model_construct())


def _no_truth_value(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("must be a number, not true or false")
    return value


Int = Annotated[int, BeforeValidator(_no_truth_value)]
Float = Annotated[float, BeforeValidator(_no_truth_value)]
Flag = Annotated[bool, Field(strict=True)]  # `no` and `0` are no truth values

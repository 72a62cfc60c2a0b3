"""Numbers that change during training: curves and stairs, and their bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, model_validator

from .part import Float, PlanPart
from .quantity import ZERO, Length, Quantity

Value = TypeVar("Value")


class Way(PlanPart, Generic[Value]):
    """A value that goes from `start` to `end` and stays there."""

    shape: Literal["linear", "cosine", "exponential"] = Field(
        description="way from start to end: linear, half a cosine wave, or exponential (both ends above 0)"
    )
    start: Value = Field(description="value up to `after`")
    end: Value = Field(description="value from `after` + `over` on")
    over: Length = Field(description="how long the change takes (img, kimg, Mimg or steps)")
    after: Quantity = Field(
        default=ZERO, description="when the change begins (img, kimg, Mimg or steps; unit kind of `over`)"
    )

    @property
    def ends(self) -> tuple[float, float]:
        """The numbers that it lies between."""
        raise NotImplementedError

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.shape == "exponential" and min(self.ends) <= 0:
            raise ValueError("an exponential curve needs `start` and `end` above 0")
        if self.after.number and self.after.in_steps != self.over.in_steps:
            raise ValueError("`after` and `over` must both count images or both count steps")
        return self


class Curve(Way[Float]):
    """A number that goes from `start` to `end` and stays there."""

    @property
    def ends(self) -> tuple[float, float]:
        return (self.start, self.end)

    @property
    def named(self) -> Mapping[str, tuple[float, ...]]:
        """All that it is made of, by field."""
        return {"start": (self.start,), "end": (self.end,)}


class LengthCurve(Way[Quantity]):
    """A length of training, with its unit, that goes from `start` to `end` and stays there."""

    @model_validator(mode="after")
    def _of_one_kind(self) -> LengthCurve:
        if self.start.number and self.start.in_steps != self.in_steps:
            raise ValueError("`start` and `end` must both count images or both count steps")
        return self

    @property
    def ends(self) -> tuple[float, float]:
        return (self.start.amount, self.end.amount)

    @property
    def in_steps(self) -> bool:
        """Whether the lengths count steps rather than images."""
        return self.end.in_steps


class Stairs(PlanPart):
    """A number that jumps: `values[i]` holds from `at[i - 1]` on."""

    values: tuple[Float, ...] = Field(
        min_length=2, description="the values in order, one more than `at` has places"
    )
    at: tuple[Length, ...] = Field(
        min_length=1, description="where each next value begins, rising (img, kimg, Mimg or steps)"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Stairs:
        if len(self.values) != len(self.at) + 1:
            raise ValueError(
                f"{len(self.at)} places in `at` need {len(self.at) + 1} values, not {len(self.values)}"
            )
        if len({q.in_steps for q in self.at}) > 1:
            raise ValueError("`at` must count images throughout or steps throughout")
        amounts = [q.amount for q in self.at]
        if amounts != sorted(set(amounts)):
            raise ValueError("`at` must rise")
        return self

    @property
    def named(self) -> Mapping[str, tuple[float, ...]]:
        """All that it is made of, by field."""
        return {"values": self.values}


def bounded(low: float, high: float, open_low: bool = False, open_high: bool = False) -> AfterValidator:
    """A validator: every value that the number takes lies between `low` and `high`."""

    def check(value: float | Curve | Stairs) -> float | Curve | Stairs:
        named = {"": (value,)} if isinstance(value, int | float) else value.named
        for name, number in ((name, one) for name, numbers in named.items() for one in numbers):
            if not low <= number <= high or (open_low and number == low) or (open_high and number == high):
                interval = f"{'(' if open_low else '['}{low:g}, {high:g}{')' if open_high else ']'}"
                subject = f"`{name}` " if name else ""
                raise ValueError(f"{subject}must lie in {interval}, not {number:g}")
        return value

    return AfterValidator(check)


def number(value: Any) -> Any:
    """Choose the form by what is written, so that an error speaks of that form alone."""
    if isinstance(value, dict):
        stairs = "shape" not in value and ("values" in value or "at" in value)
        return (Stairs if stairs else Curve).model_validate(value)
    if isinstance(value, int | float | str | Curve | Stairs) and not isinstance(value, bool):
        return value if isinstance(value, Curve | Stairs) else _FLOAT.validate_python(value)
    raise ValueError("must be a number, a curve {shape, start, end, over} or stairs {values, at}")


def _length(value: Any) -> Any:
    """A length or a curve of lengths, by what is written."""
    if isinstance(value, dict):
        return LengthCurve.model_validate(value)
    return value if isinstance(value, LengthCurve) else _LENGTH.validate_python(value)


_LENGTH: TypeAdapter[Quantity] = TypeAdapter(Length)
_FLOAT = TypeAdapter(Annotated[float, Field(allow_inf_nan=False)])
Number = Annotated[float | Curve | Stairs, BeforeValidator(number)]
MovingLength = Annotated[Quantity | LengthCurve, BeforeValidator(_length)]
Rate = Annotated[Number, bounded(0, 10)]
Beta = Annotated[Number, bounded(0, 1, open_high=True)]
Weight = Annotated[Number, bounded(0, 1e12)]

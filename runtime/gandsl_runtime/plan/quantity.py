"""Lengths of training with their units: images shown, or steps."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticSerializationUnexpectedValue, core_schema

IMAGES_PER_UNIT = {"img": 1, "kimg": 1_000, "Mimg": 1_000_000}
UNITS = (*IMAGES_PER_UNIT, "steps")
_QUANTITY = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)\s*(img|kimg|Mimg|steps?)\s*")


@dataclass(frozen=True)
class Quantity:
    """A length of training: images shown (`img`, `kimg`, `Mimg`) or `steps`; prints as `25000 kimg`.

    One step is one update of the generator; it counts its batch once, however many steps D takes in it.
    """

    number: float
    unit: str

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise ValueError(f"unknown unit `{self.unit}`: write one of {', '.join(UNITS)}")
        if not 0 <= self.number < float("inf"):
            raise ValueError(f"a quantity is a number from 0 on, not {self.number}")

    @property
    def in_steps(self) -> bool:
        """Whether it counts steps rather than images."""
        return self.unit == "steps"

    @property
    def amount(self) -> float:
        """The number of images, or of steps."""
        return self.number * IMAGES_PER_UNIT.get(self.unit, 1)

    def __str__(self) -> str:
        return f"{int(self.number) if float(self.number).is_integer() else self.number} {self.unit}"

    @classmethod
    def parse(cls, value: Any) -> Quantity:
        """Read `"10 kimg"`; a Quantity passes through. Raises ValueError for all else, a bare number too."""
        if isinstance(value, Quantity):
            return value
        if isinstance(value, str) and (match := _QUANTITY.fullmatch(value)):
            return cls(float(match[1]), "steps" if match[2] == "step" else match[2])
        raise ValueError(
            f"write a number with its unit, such as `10 kimg` or `16 steps` (units: {', '.join(UNITS)})"
        )

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.parse, serialization=core_schema.plain_serializer_function_ser_schema(_written)
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{_QUANTITY.pattern}$", "examples": ["10 kimg", "16 steps"]}


def _written(value: Any) -> str:
    if not isinstance(value, Quantity):  # the other form of a union
        raise PydanticSerializationUnexpectedValue(f"{value!r} is no quantity")
    return str(value)


def _positive(quantity: Quantity) -> Quantity:
    if quantity.number <= 0:
        raise ValueError("must be more than 0")
    return quantity


def _counts_images(quantity: Quantity) -> Quantity:
    if quantity.in_steps:
        raise ValueError(f"counts images, not steps: write one of {', '.join(IMAGES_PER_UNIT)}")
    return quantity


def _counts_steps(quantity: Quantity) -> Quantity:
    if not quantity.in_steps or quantity.number < 1 or not float(quantity.number).is_integer():
        raise ValueError("is a whole number of steps, such as `16 steps`")
    return quantity


Length = Annotated[Quantity, AfterValidator(_positive)]
Images = Annotated[Quantity, AfterValidator(_counts_images)]
Interval = Annotated[Quantity, AfterValidator(_counts_steps)]

ZERO = Quantity(0, "img")
EACH_STEP = Quantity(1, "steps")

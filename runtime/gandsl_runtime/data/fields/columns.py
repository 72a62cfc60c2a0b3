"""One field of all items of a set: files that are read one by one, or values that are there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from PIL import Image

from ...errors import DataError
from ..names import and_more, spelled
from .decode import Value, decoded

Item = TypeVar("Item", int, str)


class Column(Protocol):
    """A field of all items, in their order."""

    def place(self, index: int) -> str:
        """Where the field of an item is, for messages."""
        ...

    def value(self, index: int) -> Value:
        """It, decoded. Raises what its reader raises, OSError and ValueError."""
        ...


@dataclass(frozen=True)
class InFiles:
    """A file for each item."""

    read: Callable[[str], bytes]
    files: Sequence[str]

    def place(self, index: int) -> str:
        return self.files[index]

    def value(self, index: int) -> Value:
        return decoded(self.read(self.files[index]), self.files[index])


@dataclass(frozen=True)
class InMemory:
    """An array whose first axis is the items; it may be mapped from a file."""

    array: np.ndarray
    names: Sequence[str]
    field: str

    def place(self, index: int) -> str:
        return f"{self.field} of {self.names[index]}"

    def value(self, index: int) -> Value:
        return self.array[index]


@dataclass(frozen=True)
class Ready(InMemory):
    """An array that was packed as a batch has it: nothing is to be done."""


@dataclass(frozen=True)
class InTable:
    """A value for each item, as a table has it: numbers, lists of them, or a text that holds some."""

    values: Sequence[Any]
    names: Sequence[str]
    field: str

    def place(self, index: int) -> str:
        return f"{self.field} of {self.names[index]}"

    def value(self, index: int) -> Value:
        from .decode import numbers

        value = self.values[index]
        if isinstance(value, str):
            return numbers(value)
        array = np.asarray(value)
        if array.dtype.kind not in "iufb":
            raise ValueError(f"it is {value!r:.60}, and numbers are wanted")
        return array


@dataclass(frozen=True)
class Pictures:
    """The images of a source that has nothing else."""

    open: Callable[[int], Image.Image]
    names: Sequence[str]

    def place(self, index: int) -> str:
        return self.names[index]

    def value(self, index: int) -> Value:
        from PIL import ImageOps

        with self.open(index) as image:
            image.load()
            return ImageOps.exif_transpose(image) if image.info else image


@dataclass(frozen=True)
class Columns:
    """What a set holds of the fields that are wanted: names of items in their order, a column for each.

    `classes`: names of class 0, 1, … of fields whose values are words.
    """

    names: Sequence[str]
    of: Mapping[str, Column]


def shared_items(
    where: str, found: Mapping[str, Collection[Item]], said: Callable[[Item], str] = str
) -> list[Item]:
    """The items of a set, sorted: all fields have all of them. Raises DataError where one lacks some."""
    items = sorted(set[Item]().union(*found.values()))
    if not items:
        raise DataError(f"{where} has no items", "see whether it is the right place")
    for field, own in found.items():
        if lacking := [said(item) for item in items if item not in own]:
            raise DataError(
                f"{where} has no `{field}` for {spelled(lacking[0])}" + and_more(lacking),
                "add it, or take the item's other files away",
            )
    return items


def absent(where: str, field: str, have: Sequence[str], how: str, kind: str) -> DataError:
    """The fault of a field that a set has not; `how` says where it may be, of a field and a file's end."""
    from .kinds import KINDS

    has = f": what it has is {', '.join(map(spelled, have[:12]))}" if have else ""
    end = KINDS[kind].suffixes[0] if kind != "Image" else ".png"
    return DataError(
        f"{where} has no field `{field}`{has}",
        f"{how.format(field, end)}; `field:` in the spec says what the set calls it",
    )

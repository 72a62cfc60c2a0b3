"""One field of all items of a set: files that are read one by one, or values that are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from PIL import Image

from .decode import Value, decoded


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

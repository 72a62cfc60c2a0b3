"""A pack of fields: `gandsl-pack.json` of form pack/2, and an array for each field, mapped into memory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, ValidationError

from ...errors import DataError
from ...runs.header import StrictDocument
from ...system.files import read, special
from .base import within_reason
from .named import NamedArrays

INDEX = "gandsl-pack.json"
REMEDY = "copy or pack it again"
Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=200)]
Side = Annotated[int, Field(ge=1, le=2**31)]


class PackedField(StrictDocument):
    """What a field was packed as: a spec that reads it has the same kind, shape and range."""

    kind: Name
    shape: tuple[Side, ...]
    range: tuple[float, float] | None = None


class PackedFields(StrictDocument):
    """The file beside the arrays."""

    gandsl: Literal["pack/2"]
    items: Annotated[int, Field(ge=1, le=2**31)]
    fields: dict[Name, PackedField]


def is_of_fields(path: Path) -> bool:
    """Whether a folder's index is that of a pack of fields."""
    try:
        return b'"pack/2"' in read(path / INDEX)[:200]
    except OSError:
        return False


def file_of(field: str) -> str:
    """The file of a field."""
    return f"{field}.npy"


class FieldsPack(NamedArrays):
    """The fields of a pack. Raises DataError for one that is not as written."""

    kind = "a pack of fields"

    def __init__(self, path: Path) -> None:
        self._path = path
        index = _index(path)
        self.packed = index.fields
        super().__init__(
            {name: _mapped(path / file_of(name), index.items) for name in index.fields}, str(path)
        )

    def __getstate__(self) -> dict[str, object]:
        return {"path": self._path}

    def __setstate__(self, state: dict[str, Path]) -> None:
        self.__init__(state["path"])  # type: ignore[misc]  # mapped again, where it is read


def _index(path: Path) -> PackedFields:
    where = path / INDEX
    try:
        within_reason(where.stat().st_size)
        return PackedFields.model_validate_json(read(where))
    except OSError as error:
        raise _odd(where, (error.strerror or str(error)).lower()) from error
    except (ValidationError, RecursionError) as error:
        first = error.errors(include_url=False)[0] if isinstance(error, ValidationError) else None
        said = f"`{'.'.join(map(str, first['loc']))}` {first['msg']}" if first else "it is nested too deeply"
        raise _odd(where, said) from error


def _mapped(path: Path, items: int) -> np.ndarray:
    try:
        if kind := special(path):
            raise ValueError(f"it is {kind}")
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, MemoryError) as error:
        raise _odd(path, str(error)) from error
    if len(found) != items:
        raise _odd(path, f"it has {len(found):,} items, and the index says {items:,}")
    return found


def _odd(path: Path, why: str) -> DataError:
    return DataError(f"{path} is not as `gandsl data pack` writes it: {why}", REMEDY)

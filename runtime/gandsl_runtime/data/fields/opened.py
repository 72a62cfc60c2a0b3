"""A table of the fields that a game wants of a source, whatever the source is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import DataError
from ...plan import Data
from ...plan.game import DataField
from ..fitting import UNREADABLE, reason
from ..labels import unfit_class
from ..names import spelled
from ..sources import NamedArrays, Source
from ..sources.base import shown
from ..table import Table
from .columns import Column, Columns, InMemory, InTable, Pictures
from .files import columns_of

ANY_CLASS = DataField("Label", (2**31,))  # what items have in common, whatever it is


def opened(source: Source, fields: Mapping[str, DataField], plan: Data | None = None) -> Table:
    """Items with these fields. Raises DataError where the set lacks one, or has labels that do not fit."""
    plan = plan or Data()
    called = {name: of.field or name for name, of in fields.items() if not of.mask}
    alike = {of.partner: _of_name(of.partner, fields, called) for of in fields.values() if of.partner}
    wanted = {called[name]: fields[name] for name in reversed(called)}
    found = _columns(source, {field: ANY_CLASS for field in alike.values()} | wanted)
    numbers = {
        name: _numbers(source.name, found.names, found.of[called[name]], of, called[name])
        for name, of in fields.items()
        if of.kind == "Label"
    }
    groups = next(iter(numbers.values()), None) if plan.balance else None
    if plan.balance and groups is None:
        raise DataError(
            f"training.data.balance draws classes evenly, and {source.name} is asked for no labels",
            "declare a field of kind Label, or set training.data.balance to false",
        )
    return Table(
        source.name,
        source.kind,
        found.names,
        fields,
        {name: found.of[field] for name, field in called.items()},
        numbers,
        {
            name: _numbers(source.name, found.names, found.of[field], ANY_CLASS, field)
            for name, field in alike.items()
        },
        plan.broken,
        plan.white,
        groups,
    )


def _of_name(partner: str, fields: Mapping[str, DataField], called: Mapping[str, str]) -> str:
    """What the set calls the field that partners share: one of the game's, or one of the set's own."""
    return called[partner] if partner in called and fields[partner].kind == "Label" else partner


def _columns(source: Any, wanted: Mapping[str, DataField]) -> Columns:
    """A column for each field. Raises DataError."""
    if isinstance(source, NamedArrays):
        if absent := [field for field in wanted if field not in source.arrays]:
            raise _absent(source.name, absent[0], list(source.arrays))
        return Columns(
            source.images,
            {field: InMemory(source.arrays[field], source.images, field) for field in wanted},
        )
    if hasattr(source, "files"):
        return columns_of(source, wanted)
    return _of_pictures(source, wanted)


def _of_pictures(source: Source, wanted: Mapping[str, DataField]) -> Columns:
    """Of a source that has images and classes alone: one field of each."""
    found: dict[str, Column] = {}
    for field, of in wanted.items():
        if of.kind == "Image" and not any(isinstance(one, Pictures) for one in found.values()):
            found[field] = Pictures(source.open, source.images)
        elif of.kind == "Label" and (labels := source.labels()) is not None:
            found[field] = InMemory(labels.numbers, source.images, field)
        else:
            raise _absent(source.name, field, ["images"])
    return Columns(source.images, found)


def _absent(name: str, field: str, have: Sequence[str]) -> DataError:
    return DataError(
        f"{name} has no field `{field}`: what it has is {', '.join(map(spelled, have[:12]))}",
        "`field:` in the spec says what the set calls it",
    )


def _numbers(set_: str, names: Sequence[str], column: Column, of: DataField, field: str) -> np.ndarray:
    """The class of each item, int64 (n,). Words are numbered by name. Raises DataError."""
    values = _values(set_, names, column)
    if any(isinstance(value, str) for value in values):
        try:
            values = [int(value) for value in values]
        except ValueError:
            known = {word: number for number, word in enumerate(sorted({str(value) for value in values}))}
            values = [known[str(value)] for value in values]
    for name, value in zip(names, values, strict=True):
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < of.shape[0]:
            raise DataError(
                *unfit_class(f"{set_} says of `{field}` of {spelled(name)} that", value, of.shape[0])
            )
    return np.array(values, dtype=np.int64)


def _values(set_: str, names: Sequence[str], column: Column) -> list[Any]:
    if isinstance(column, InTable):
        return list(column.values)
    if isinstance(column, InMemory) and column.array.ndim == 1:
        return column.array.tolist()
    found = []
    for index in range(len(names)):
        try:
            value = np.asarray(column.value(index))
            if value.size != 1:
                raise ValueError("it holds several numbers, and one class number is wanted")
            number = value.reshape(()).item()
        except UNREADABLE as error:
            raise DataError(
                f"can't read {shown(column.place(index))} of {set_}: {reason(error)}", "repair or replace it"
            ) from error
        found.append(int(number) if isinstance(number, float) and number.is_integer() else number)
    return found

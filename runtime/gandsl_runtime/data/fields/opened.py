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
from ..sources import FieldsPack, Hub, NamedArrays, Shards, Source
from ..sources.base import shown
from ..table import FieldTable
from .columns import Column, Columns, InMemory, InTable, Pictures, Ready
from .features import columns_of_hub
from .files import columns_of
from .samples import columns_of_samples

ANY_CLASS = DataField("Label", (2**31,))  # what items have in common, whatever it is


def opened(source: Source, fields: Mapping[str, DataField], plan: Data | None = None) -> FieldTable:
    """Items with these fields. Raises DataError where the set lacks one, or has labels that do not fit."""
    plan = plan or Data()
    packed = isinstance(source, FieldsPack)  # which has masks as fields of their own
    kept = {name: of for name, of in fields.items() if not of.origin}
    called = {name: of.field or name for name, of in kept.items() if packed or not of.mask}
    shared = [of.partner for of in fields.values() if of.partner]
    alike = {partner: _of_name(partner, fields, called) for partner in shared}
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
    return FieldTable(
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


def of_set(fields: Mapping[str, DataField]) -> dict[str, DataField]:
    """What the set has to hold for these fields, whoever's item they are of: by what the set calls it.

    What is computed from another field is none of the set's. Raises DataError where it is read in two ways.
    """
    fields = {name: of for name, of in fields.items() if not of.origin}
    called = {name: of.field or name for name, of in fields.items()}
    found: dict[str, DataField] = {}
    for name, of in fields.items():
        mask = called.get(of.mask, of.mask)
        one = DataField(of.kind, of.shape, range=of.range, mask=mask)
        if found.setdefault(called[name], one) != one:
            was = found[called[name]]
            raise DataError(
                f"the game reads `{called[name]}` as {_typed(was.kind, was.shape, was.range)} and as "
                f"{_typed(of.kind, of.shape, of.range)}",
                "a set is looked at and packed in one way: take a spec that has one of them",
            )
    for partner in (of.partner for of in fields.values() if of.partner):
        found.setdefault(_of_name(partner, fields, called), ANY_CLASS)
    return found


def _of_name(partner: str, fields: Mapping[str, DataField], called: Mapping[str, str]) -> str:
    """What the set calls the field that partners share: one of the game's, or one of the set's own."""
    return called[partner] if partner in called and fields[partner].kind == "Label" else partner


def _columns(source: Any, wanted: Mapping[str, DataField]) -> Columns:
    """A column for each field. Raises DataError."""
    if isinstance(source, FieldsPack):
        return Columns(source.images, {field: _ready(source, field, of) for field, of in wanted.items()})
    if isinstance(source, NamedArrays):
        if absent := [field for field in wanted if field not in source.arrays]:
            raise _absent(source.name, absent[0], list(source.arrays))
        return Columns(
            source.images,
            {field: InMemory(source.arrays[field], source.images, field) for field in wanted},
        )
    if isinstance(source, Shards):
        return columns_of_samples(source, wanted)
    if isinstance(source, Hub):
        return columns_of_hub(source, wanted)
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


def _ready(source: FieldsPack, field: str, of: DataField) -> Column:
    """A field of a pack, as it was packed. Raises DataError where the game wants it otherwise."""
    if (was := source.packed.get(field)) is None:
        raise _absent(source.name, field, list(source.packed))
    if of != ANY_CLASS and (was.kind, was.shape, was.range) != (of.kind, of.shape, of.range):
        raise DataError(
            f"`{field}` of {source.name} was packed as {_typed(was.kind, was.shape, was.range)}, and the "
            f"game reads {_typed(of.kind, of.shape, of.range)}",
            "pack it anew for this spec",
        )
    return Ready(source.arrays[field], source.images, field)


def _typed(kind: str, shape: Sequence[int], range: tuple[float, float] | None) -> str:
    said = f"{kind}[{', '.join(map(str, shape))}]" if shape else kind
    return said if range is None else f"{said} of the range {list(range)}"


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

"""Writes the fields of a set as networks take them: an array each, whose first axis is the items."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import numpy as np

from ...errors import DataError
from ...system.files import whole_folder
from ..fitting import Unreadable
from ..parallel import over_images
from ..sources.packed_fields import INDEX, PackedField, PackedFields, file_of
from ..table import FieldTable, Row
from .kinds import room_of


def pack_fields(
    table: FieldTable,
    path: Path,
    skip_broken: bool = False,
    workers: int = 0,
    told: Callable[[int], None] = lambda count: None,
) -> list[tuple[str, str]]:
    """A new folder with FIELD.npy for each field, always the same bytes; items that were left out, and why.

    It appears when it is whole. Raises DataError at the first item that can't be read, unless `skip_broken`;
    Unwritable where `path` is there already.
    """
    fields = table.own
    skipped: list[tuple[str, str]] = []
    with whole_folder(path) as new, ExitStack() as stack:
        files = {name: stack.enter_context(open(new / file_of(name), "xb")) for name in fields}
        rooms = {name: room_of(of) for name, of in fields.items()}
        headers = {name: _header(shape, dtype, len(table)) for name, (shape, dtype) in rooms.items()}
        for name, file in files.items():
            file.write(headers[name])
        items = 0
        with closing(over_images(table, partial(_row, fields=tuple(fields)), workers)) as rows:
            for index, row in enumerate(rows):
                if isinstance(row, str):
                    if not skip_broken:
                        raise DataError(
                            f"can't read {row} of {table.name}",
                            "repair or replace it; or leave out what can't be read (--skip-broken)",
                        )
                    skipped.append((table.names[index], row))
                else:
                    items += 1
                    for name, file in files.items():
                        file.write(np.ascontiguousarray(row[name], rooms[name][1]).tobytes())
                told(index + 1)
        if not items:
            raise DataError(f"none of the {len(table)} items of {table.name} can be read")
        for name, file in files.items():
            file.seek(0)
            file.write(_header(*rooms[name], items))
        about = {
            name: PackedField(kind=of.kind, shape=of.shape, range=of.range) for name, of in fields.items()
        }
        index_ = PackedFields(gandsl="pack/2", items=items, fields=about)
        (new / INDEX).write_text(index_.model_dump_json())
    return skipped


def _row(table: FieldTable, index: int, fields: tuple[str, ...]) -> Row | str:
    """The fields of an item, or what of it can't be read and why."""
    try:
        return table.row(index, {name: table.fields[name] for name in fields})
    except Unreadable as fault:
        return f"{table.names[index]}: {fault.why}"


def _header(shape: tuple[int, ...], dtype: np.dtype[np.generic], items: int) -> bytes:
    """The beginning of an .npy file, of 128 bytes whatever the number of items."""
    said = f"{{'descr': {dtype.str!r}, 'fortran_order': False, 'shape': {(items, *shape)!r}, }}"
    return b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little") + said.ljust(117).encode() + b"\n"

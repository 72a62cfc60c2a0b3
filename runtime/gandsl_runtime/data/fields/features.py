"""Fields of a Hugging Face data set: its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError
from ...plan.game import DataField
from ...system.files import read
from ..names import spelled
from ..sources.hub import Hub
from .columns import Column, Columns, InTable, absent
from .decode import Value, image, numbers, sound

HOW = "a field is a column of its name (`{0}`)"


@dataclass(frozen=True)
class InCells:
    """A column whose cells are read one by one: files of images or sounds, lists of numbers, texts."""

    cells: Any  # rows of one cell each
    names: Sequence[str]
    field: str
    sounds: bool

    def place(self, index: int) -> str:
        return f"{self.field} of {self.names[index]}"

    def value(self, index: int) -> Value:
        (cell,) = self.cells[index].values()
        if cell is None:
            raise ValueError(f"the row has no `{self.field}`")
        if isinstance(cell, dict) and cell.keys() == {"bytes", "path"}:
            if cell["bytes"] is None and not cell["path"]:
                raise ValueError(f"the row has no `{self.field}`")
            content = read(Path(cell["path"])) if cell["bytes"] is None else cell["bytes"]
            return sound(content) if self.sounds else image(content)
        if isinstance(cell, str):
            return numbers(cell)
        return np.asarray(cell)


def columns_of_hub(source: Hub, wanted: Mapping[str, DataField]) -> Columns:
    """The fields, each by what the set calls it. Raises DataError where one is not there.

    What no name says is, of the one Image that is left, the column of images, and so of the one Label.
    """
    called = {field: field for field in wanted if field in source.columns}
    for kind, rest in (("Image", source.image_column), ("Label", source.label_column)):
        lacking = [field for field, of in wanted.items() if field not in called and of.kind == kind]
        if len(lacking) == 1 and (column := rest()) is not None:
            called[lacking[0]] = column
    for field, of in wanted.items():
        if field not in called:
            raise absent(source.name, field, list(source.columns), HOW, of.kind)
    return Columns(source.rows, {field: _column(source, called[field], of) for field, of in wanted.items()})


def _column(source: Hub, column: str, of: DataField) -> Column:
    if of.kind != "Label":
        return InCells(source.cells(column), source.rows, column, sounds=of.kind == "Signal")
    values = source.values(column)
    if (place := next((at for at, value in enumerate(values) if value is None), None)) is not None:
        raise DataError(
            f"{source.name} has no `{column}` for {spelled(source.rows[place])}", "add it, or drop the row"
        )
    return InTable(values, source.rows, column)

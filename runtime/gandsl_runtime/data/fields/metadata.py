"""A table beside files, metadata.csv or metadata.jsonl: a row an item, `file_name` and further columns."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import DataError
from ..names import spelled
from .decode import stem

NAMES = ("metadata.jsonl", "metadata.csv")
KEY = "file_name"
FORM = f"each row has `{KEY}`, a path beside the table, and a value for each further column"
# kinds of which a column holds names of files
FILE = ("Image", "Mask", "Classes", "Feature", "Signal", "Volume")


@dataclass(frozen=True)
class Metadata:
    """Rows by item: the path in `file_name` without its end."""

    name: str
    rows: Mapping[str, Mapping[str, Any]]
    columns: Sequence[str]

    @property
    def files(self) -> dict[str, str]:
        """The file of each item."""
        return {name: row[KEY] for name, row in self.rows.items()}

    def column(self, field: str) -> dict[str, Any] | None:
        """A field of each item: the column of its name, or FIELD_file_name; None where there is none.

        Raises DataError where a row has no value.
        """
        for column in (field, f"{field}_{KEY}"):
            if column in self.columns:
                for row in self.rows.values():
                    if row.get(column) in (None, ""):
                        raise DataError(
                            f"{self.name} has no `{column}` for {spelled(row[KEY])}",
                            "add it, or drop the row",
                        )
                return {name: row[column] for name, row in self.rows.items()}
        return None


def metadata_of(where: str, files: Sequence[str], read: Callable[[str], bytes]) -> Metadata | None:
    """The table beside a set's files; None where there is none. Raises DataError when it is odd."""
    file = next((name for name in NAMES if name in set(files)), None)
    if file is None:
        return None
    name = f"{where}/{file}"
    try:
        text = read(file).decode("utf-8-sig")
        rows = (
            list(_lines(text)) if file.endswith("l") else list(csv.DictReader(io.StringIO(text), strict=True))
        )
        by_item: dict[str, Mapping[str, Any]] = {}
        for number, row in enumerate(rows, 1):
            if not isinstance(row, Mapping) or not isinstance(row.get(KEY), str) or not row[KEY]:
                raise ValueError(f"row {number} has no `{KEY}`")
            item = stem(row[KEY])
            if item in by_item:
                raise ValueError(f"row {number} is of {spelled(row[KEY])}, as an earlier one is")
            by_item[item] = row
        if not by_item:
            raise ValueError("it has no rows")
    except (ValueError, csv.Error, OSError, RecursionError) as error:
        raise DataError(f"{name} is no table of items: {error}", FORM) from error
    columns = dict.fromkeys(str(column) for row in by_item.values() for column in row)
    return Metadata(name, by_item, tuple(columns))


def _lines(text: str) -> Any:
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                yield json.loads(line)
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from error

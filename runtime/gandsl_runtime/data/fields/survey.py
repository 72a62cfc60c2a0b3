"""What a set holds of the fields that a game wants: their values, and each that can't be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ..fitting import Unreadable
from ..parallel import over_images
from ..table import FieldTable


class Ends(NamedTuple):
    """The least and the greatest value of a field, as a batch has them."""

    least: float
    most: float


@dataclass
class FieldsSurvey:
    """A table, looked at."""

    table: FieldTable
    ends: dict[str, Ends] = field(default_factory=dict)  # of fields that can be read in some item
    broken: list[tuple[str, str, str]] = field(default_factory=list)  # item, field, reason


def survey_fields(
    table: FieldTable, workers: int = 0, told: Callable[[int], None] = lambda count: None
) -> FieldsSurvey:
    """Read every field of every item, with `workers` processes; `told` hears how many were looked at."""
    found = FieldsSurvey(table)
    for index, looked in enumerate(over_images(table, _look, workers)):
        told(index + 1)
        for name, ends in looked.items():
            if isinstance(ends, str):
                found.broken.append((table.names[index], name, ends))
            else:
                known = found.ends.get(name, ends)
                found.ends[name] = Ends(min(known.least, ends.least), max(known.most, ends.most))
    return found


def _look(table: FieldTable, index: int) -> dict[str, Ends | str]:
    """Of each field its values, or why it can't be read; partners' are those of the items themselves."""
    found: dict[str, Ends | str] = {}
    for name, of in table.own.items():
        try:
            array = table.row(index, {name: of})[name]
            found[name] = Ends(float(np.min(array)), float(np.max(array)))
        except Unreadable as fault:
            found[name] = fault.why
    return found

"""Whether a set is one of plain images and labels, which need no names of fields."""

from __future__ import annotations

from collections.abc import Mapping

from ...plan.game import DataField
from ..fitting import MODES
from ..sources import NamedArrays, Source


def is_plain(source: Source, fields: Mapping[str, DataField]) -> bool:
    """One Image of channels that image files have, at most one Label, and nothing said of where they are.

    Nor does any file say its field: a folder of `NAME.edges.png` beside `NAME.image.png` is one of both, also
    where the edges alone are read.
    """
    return may_be_plain(fields) and not isinstance(source, NamedArrays) and not _says_fields(source, fields)


def _says_fields(source: Source, fields: Mapping[str, DataField]) -> bool:
    marks = tuple(f".{name}." for name, of in fields.items() if of.kind == "Image")
    return any(mark in name for name in source.images for mark in marks)


def may_be_plain(fields: Mapping[str, DataField]) -> bool:
    """Whether it is so for any set that does not name its fields."""
    kinds = [of.kind for of in fields.values()]
    if not all(of.plain for of in fields.values()) or kinds.count("Image") != 1 or kinds.count("Label") > 1:
        return False
    return next(of for of in fields.values() if of.kind == "Image").shape[0] in MODES

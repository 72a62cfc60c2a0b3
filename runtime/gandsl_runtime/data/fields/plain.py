"""Whether a set is one of plain images and labels, which need no names of fields."""

from __future__ import annotations

from collections.abc import Mapping

from ...plan.game import DataField
from ..fitting import MODES
from ..sources import NamedArrays, Source


def is_plain(source: Source, fields: Mapping[str, DataField]) -> bool:
    """One Image of channels that image files have, at most one Label, and nothing said of where they are."""
    return may_be_plain(fields) and not isinstance(source, NamedArrays)


def may_be_plain(fields: Mapping[str, DataField]) -> bool:
    """Whether it is so for any set that does not name its fields."""
    kinds = [of.kind for of in fields.values()]
    if not all(of.plain for of in fields.values()) or kinds.count("Image") != 1 or kinds.count("Label") > 1:
        return False
    return next(of for of in fields.values() if of.kind == "Image").shape[0] in MODES

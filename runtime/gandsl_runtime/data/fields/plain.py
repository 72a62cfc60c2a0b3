"""Whether a set is one of plain images and labels, which need no names of fields."""

from __future__ import annotations

from collections.abc import Mapping

from ...plan.game import DataField
from ..fitting import MODES
from ..sources import NamedArrays, Source


def is_plain(source: Source, fields: Mapping[str, DataField]) -> bool:
    """One Image of channels that image files have, at most one Label, and nothing said of where they are."""
    kinds = [of.kind for of in fields.values()]
    if not all(of.plain for of in fields.values()) or kinds.count("Image") != 1 or kinds.count("Label") > 1:
        return False
    image = next(of for of in fields.values() if of.kind == "Image")
    return image.shape[0] in MODES and not isinstance(source, NamedArrays)

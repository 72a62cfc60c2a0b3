"""What a user should know of the images at the start of a run, though it trains on them."""

from __future__ import annotations

from collections.abc import Iterator

from . import class_folders, levels
from .dataset import Dataset
from .table import FieldTable


def remarks(data: Dataset | FieldTable) -> Iterator[str]:
    """One sentence each."""
    if isinstance(data, FieldTable):
        return
    for text in levels.said(levels.sampled(data), data.white):
        yield f"{data.name}: {text}"
    if data.labels is None and (found := class_folders.splits_of(data.source.images)):
        yield (
            f"{data.name} holds splits of a set, {', '.join(found)}, and the run trains on all of them: "
            "`--data` can name one"
        )

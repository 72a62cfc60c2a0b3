"""A source's images at one size and channel count, decoded one at a time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from ..errors import DataError
from .fitting import FILTER, MODES, Unreadable, pixels, upright
from .labels import labels_of
from .sources import Arrays, Source, open_source

__all__ = ["FILTER", "Dataset", "open_dataset"]

IN_A_ROW = 100  # broken images that may follow each other: beyond, the set is gone rather than damaged


@dataclass(frozen=True)
class Dataset:
    """Images as uint8 (c, h, w) with their labels.

    An image of another aspect is center-cropped to (h, w)'s, then resized with Pillow's LANCZOS filter (which
    averages when it shrinks). Where no alpha channel is wanted, transparent pixels are laid over white.
    """

    source: Source
    shape: tuple[int, int, int]  # (c, h, w)
    labels: np.ndarray | None  # int64 (n,)
    broken: Literal["stop", "skip"] = "stop"  # the next readable image takes the place of one that is skipped

    def __len__(self) -> int:
        return len(self.source.images)

    @property
    def name(self) -> str:
        return self.source.name

    def image(self, index: int) -> np.ndarray:
        """uint8 (c, h, w). Raises DataError naming the file when it can't be read."""
        if isinstance(self.source, Arrays) and (image := self.source.in_form(index, self.shape)) is not None:
            return image
        channels, *size = self.shape
        return pixels(upright(self.source, index), (size[0], size[1]), channels)

    def readable(self, index: int, skipped: dict[str, str]) -> tuple[int, np.ndarray]:
        """The image, or the next that can be read, with its place; `skipped` gets the others and why.

        Which one that is depends on the files alone. Raises DataError where broken images stop the run, or
        where too many follow each other.
        """
        first = None
        for place in range(index, index + min(IN_A_ROW, len(self))):
            place %= len(self)
            try:
                return place, self.image(place)
            except Unreadable as fault:
                if self.broken == "stop":
                    raise
                first = first or fault
                skipped[self.source.images[place]] = fault.why
        assert first is not None
        raise DataError(
            f"{first.message}; nor can the {min(IN_A_ROW, len(self)) - 1} images after it",
            "see whether the images are still there, then resume",
        )

    def class_counts(self) -> np.ndarray | None:
        """The number of images of each class up to the highest one present."""
        return None if self.labels is None else np.bincount(self.labels)


def open_dataset(where: str | Path | Source, shape: tuple[int, int, int], classes: int = 0) -> Dataset:
    """Images of a source, or of what a user names so (docs/data.md), as uint8 `shape` = (c, h, w).

    With `classes` the labels are read too. Raises DataError, MissingExtra.
    """
    if shape[0] not in MODES:
        raise DataError(
            f"image files have 1 to 4 channels, the networks want {shape[0]}", "train a spec with 1 to 4"
        )
    source = open_source(where) if isinstance(where, str | Path) else where
    return Dataset(source, shape, labels_of(source, classes) if classes else None)

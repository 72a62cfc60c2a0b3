"""A source's images at one size and channel count, decoded one at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Literal

import numpy as np

from ..errors import DataError
from ..plan import Data
from .fitting import FILTER, MODES, WHITE, Unreadable, pixels, upright
from .labels import FORM, LABEL_FILES, unfit
from .sources import Decoded, Source, open_source

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
    white: int = WHITE  # the value in images of 16 bits that is white
    groups: np.ndarray | None = None  # int64 (n,), where the classes are drawn evenly

    def __len__(self) -> int:
        return len(self.source.images)

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def names(self) -> Sequence[str]:
        """What the images are called inside the source."""
        return self.source.images

    @property
    def bytes(self) -> int:
        """Of an image in a batch."""
        return prod(self.shape)

    def image(self, index: int) -> np.ndarray:
        """uint8 (c, h, w). Raises DataError naming the file when it can't be read."""
        if isinstance(self.source, Decoded) and (image := self.source.in_form(index, self.shape)) is not None:
            return image
        channels, *size = self.shape
        return pixels(upright(self.source, index), (size[0], size[1]), channels, self.white)

    @property
    def decoded(self) -> bool:
        """Whether every image is there as the networks want it, so that nothing is to be decoded."""
        return isinstance(self.source, Decoded) and self.source.in_form(0, self.shape) is not None

    def batch(self, wanted: np.ndarray, into: np.ndarray, skipped: dict[str, str]) -> np.ndarray:
        """Copy or decode images into uint8 (n, c, h, w); their places, int64 (n,).

        Broken images, which others replace, are put into `skipped` with the reason. Raises DataError.
        """
        if self.decoded and isinstance(self.source, Decoded):
            self.source.gather(wanted, into)
            return wanted
        used = np.empty_like(wanted)
        for place, index in enumerate(wanted.tolist()):
            used[place], into[place] = self.readable(index, skipped)
        return used

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

    def class_shares(self) -> np.ndarray | None:
        """How often each class is drawn, up to the highest one present, float64 that add up to 1."""
        if self.labels is None:
            return None
        counts = np.bincount(self.labels)
        drawn = counts if self.groups is None else counts > 0
        return drawn / drawn.sum()


def open_dataset(
    where: str | Path | Source, shape: tuple[int, int, int], classes: int = 0, plan: Data | None = None
) -> Dataset:
    """Images of a source, or of what a user names so (docs/data.md), as uint8 `shape` = (c, h, w).

    With `classes` the labels are read too. `plan` says how images enter. Raises DataError, MissingExtra.
    """
    if shape[0] not in MODES:
        raise DataError(
            f"image files have 1 to 4 channels, the networks want {shape[0]}", "train a spec with 1 to 4"
        )
    source = open_source(where) if isinstance(where, str | Path) else where
    data = Dataset(source, shape, labels_of(source, classes) if classes else None)
    return data if plan is None else planned(data, plan)


def labels_of(source: Source, classes: int) -> np.ndarray:
    """A label in [0, classes) for each image, int64 (n,). Raises DataError when one is missing or odd."""
    labels = source.labels()
    if labels is None:
        raise DataError(
            f"the networks take labels, and {source.name} has none",
            f"add {LABEL_FILES[0]} ({FORM}) or sort the images into class folders",
        )
    if complaint := unfit(labels, source.images, classes):
        raise DataError(*complaint)
    return labels.numbers


def planned(data: Dataset, plan: Data) -> Dataset:
    """The images as a plan wants them. Raises DataError where it draws classes evenly and there are none."""
    groups = None
    if plan.balance:
        groups = data.labels
        if groups is None:
            if (found := data.source.labels()) is None:
                raise DataError(
                    f"training.data.balance draws classes evenly, and {data.name} has no labels",
                    "add labels, or set training.data.balance to false",
                )
            groups = found.numbers
    return replace(data, broken=plan.broken, white=plan.white, groups=groups)

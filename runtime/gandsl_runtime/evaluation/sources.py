"""Sets of images as metrics take them: uint8, red, green and blue, of one size, any of them at any time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import PIL
from PIL import Image

from ..data.dataset import Dataset
from ..data.fitting import Unreadable, deep, pixels, transparent, upright
from ..data.sources import Source, open_source
from ..data.sources.base import OnDisk, shown
from ..data.table import FieldTable
from ..errors import DataError
from .image_arrays import SUFFIXES, ImageArray, array_in
from .rgb import RGB, as_rgb

ItemSet = Dataset | FieldTable
Size = tuple[int, int]  # (h, w)


class ImageSet(Protocol):
    """Images that exist: real ones, or made ones. Any range may be asked for, any number of times."""

    @property
    def name(self) -> str:
        """For messages."""
        ...

    @property
    def size(self) -> Size:
        """Of every image."""
        ...

    @property
    def labels(self) -> np.ndarray | None:
        """int64 (N,), where the set has classes."""
        ...

    def __len__(self) -> int: ...

    def batch(self, begin: int, end: int) -> np.ndarray:
        """uint8 (end − begin, 3, h, w). Raises DataError where one can't be read."""
        ...

    def remarks(self) -> tuple[str, ...]:
        """How images became what they are here, of those that were read: a sentence each."""
        ...


@runtime_checkable
class Lasting(Protocol):
    """A set of images that may be the same ones later."""

    def stamp(self) -> str | None:
        """What stays the same as long as its files do, by their names, sizes and times; None: who knows."""
        ...


def first(images: ImageSet, count: int) -> ImageSet:
    """The first of a set. Raises DataError where it has not as many."""
    return chosen(images, np.arange(_enough(images, count)))


def drawn(images: ImageSet, count: int, seed: int = 0) -> ImageSet:
    """So many of a set, drawn without repeats, in their order. Raises DataError where it has not as many."""
    return chosen(images, np.sort(order_of(len(images), seed)[: _enough(images, count)]))


def order_of(count: int, seed: int = 0) -> np.ndarray:
    """The fixed order in which images of a set are taken: its beginning is the same whatever is asked for."""
    return np.random.Generator(np.random.PCG64(seed)).permutation(count)


def chosen(images: ImageSet, places: np.ndarray) -> ImageSet:
    """Some of a set, int64 (n,), in this order."""
    return Some(images, places)


def _enough(images: ImageSet, count: int) -> int:
    if count > len(images):
        raise DataError(
            f"{count:,} images are asked for, and {images.name} has {len(images):,}",
            f"ask for at most {len(images):,}, or give more images",
        )
    return count


@dataclass(frozen=True)
class Some:
    """Images of another set, by their places."""

    of: ImageSet
    places: np.ndarray  # int64 (n,)

    @property
    def name(self) -> str:
        return self.of.name

    @property
    def size(self) -> Size:
        return self.of.size

    @property
    def labels(self) -> np.ndarray | None:
        return None if self.of.labels is None else self.of.labels[self.places]

    def __len__(self) -> int:
        return len(self.places)

    def batch(self, begin: int, end: int) -> np.ndarray:
        places = self.places[begin:end].tolist()
        found = np.empty((len(places), 3, *self.size), np.uint8)
        at = 0
        while at < len(places):  # neighbours in one go
            to = at + 1
            while to < len(places) and places[to] == places[to - 1] + 1:
                to += 1
            found[at:to] = self.of.batch(places[at], places[to - 1] + 1)
            at = to
        return found

    def remarks(self) -> tuple[str, ...]:
        return self.of.remarks()

    def stamp(self) -> str | None:
        found = self.of.stamp() if isinstance(self.of, Lasting) else None
        return found and f"{found} {blake2b(self.places.astype('<i8').tobytes()).hexdigest()}"


@dataclass(frozen=True)
class Prepared:
    """Images as a run trains on them: cut and resized to the networks' shape, then made RGB."""

    data: ItemSet
    image: str = ""  # of a table: the field that has them
    skipped: dict[str, str] = field(default_factory=dict)  # image, reason; where the set says `broken: skip`

    @property
    def name(self) -> str:
        return self.data.name

    @property
    def shape(self) -> tuple[int, ...]:
        """(c, h, w) of the networks."""
        return self.data.shape if isinstance(self.data, Dataset) else self.data.fields[self.image].shape

    @property
    def size(self) -> Size:
        return self.shape[1], self.shape[2]

    @property
    def labels(self) -> np.ndarray | None:
        return self.data.labels

    def __len__(self) -> int:
        return len(self.data)

    def batch(self, begin: int, end: int) -> np.ndarray:
        return as_rgb(np.stack([self._image(index) for index in range(begin, end)]))

    def _image(self, index: int) -> np.ndarray:
        try:
            if isinstance(self.data, Dataset):
                return self.data.readable(index, self.skipped)[1]
            part = {self.image: self.data.fields[self.image]}
            if part[self.image].origin:  # computed, by draws of the item's own
                image = self.data.row(index, part)[self.image]
            else:
                image = self.data.readable(index, self.skipped, part)[1][self.image]
        except Unreadable as fault:
            raise _broken(fault) from fault
        return image if image.dtype == np.uint8 else np.rint(image * 255).astype(np.uint8)

    def remarks(self) -> tuple[str, ...]:
        found = [f"{self.name} is {RGB[self.shape[0]]}"] if self.shape[0] in RGB else []
        if self.skipped:
            found.append(f"images of {self.name} can't be read: the next ones stand in their places")
        return tuple(found)

    def stamp(self) -> str | None:
        if not isinstance(self.data, Dataset):
            return None
        return _stamp(self.data.source, f"{self.data.shape} {self.data.white} {self.data.broken}")


def open_images(where: str | Path | Source, size: Size | None = None) -> ImageSet:
    """What a user names: all that training reads (docs/data.md), or an array in a `.npy` or `.npz` file.

    All have one size; with `size` they are cut to its aspect and resized, as for training. Raises DataError,
    MissingExtra.
    """
    path = Path(where) if isinstance(where, str | Path) else None
    if path is not None and path.suffix in SUFFIXES and path.is_file():
        return ImageArray(array_in(path), str(path))
    source = open_source(where) if isinstance(where, str | Path) else where
    return ImageFiles(source, size or _size_of(source), size is not None)


class ImageFiles:
    """Images of a source, of one size. What is done to those that are not RGB is counted."""

    def __init__(self, source: Source, size: Size, fitted: bool) -> None:
        self.name, self.size = source.name, size
        self._source, self._fitted = source, fitted
        self._done: set[str] = set()

    def __len__(self) -> int:
        return len(self._source.images)

    @property
    def labels(self) -> np.ndarray | None:
        """Raises DataError where they are odd."""
        found = self._source.labels()
        return None if found is None else found.numbers

    def batch(self, begin: int, end: int) -> np.ndarray:
        return np.stack([self._image(index) for index in range(begin, end)])

    def _image(self, index: int) -> np.ndarray:
        try:
            image = upright(self._source, index)
        except Unreadable as fault:
            raise _broken(fault) from fault
        if (image.height, image.width) != self.size and not self._fitted:
            raise DataError(
                f"{shown(self._source.images[index])} of {self.name} has {image.height}×{image.width} pixels,"
                f" and the first image {self.size[0]}×{self.size[1]}: metrics want images of one size",
                "give the size that all are brought to, or bring them to one (`gandsl data pack`)",
            )
        self._done.update(_conversions(image, self.size))
        return pixels(image, self.size, 3)

    def remarks(self) -> tuple[str, ...]:
        return tuple(f"images of {self.name} {what}" for what in sorted(self._done))

    def stamp(self) -> str | None:
        return _stamp(self._source, f"{self.size} {self._fitted}")


def _stamp(source: Source, how: str) -> str | None:
    """Of files, decoder, and `how` images are prepared; None where a file is too new to tell."""
    if not isinstance(source, OnDisk):
        return None
    found = blake2b(digest_size=16)
    for path in source.held_in():
        try:
            about = path.stat()
        except OSError:
            return None
        if time.time() - about.st_mtime < SETTLED:
            return None
        # the second time is the system's own: copying tools set the first one back
        facts = f"{path.absolute()} {about.st_size} {about.st_mtime_ns} {about.st_ctime_ns}\0"
        found.update(facts.encode(errors="surrogateescape"))
    return f"{source.name} {len(source.images)} {how} {PIL.__version__} {found.hexdigest()}"


SETTLED = 2.0  # seconds: a file may change again within the same tick of its time


def _conversions(image: Image.Image, size: Size) -> Iterator[str]:
    """What `pixels` does to an image, after "images of the set"."""
    if transparent(image):
        yield "have alpha, and are laid over white"
    if deep(image):
        yield "have 16 bits, and get 8"
    if image.mode.startswith(("1", "L", "I")):
        yield "are gray, and become the same in red, green and blue"
    if (image.height, image.width) != size:
        yield f"are cut and resized to {size[0]}×{size[1]}"


def _size_of(source: Source) -> Size:
    """Of the first image."""
    try:
        image = upright(source, 0)
    except Unreadable as fault:
        raise _broken(fault) from fault
    return image.height, image.width


def _broken(fault: Unreadable) -> DataError:
    """What training says of an image, for an evaluation: a figure over other images would be another one."""
    return DataError(fault.message, "repair the file, or leave it out")

"""Writes a set of images at one size, lossless, with its labels, always the same bytes: a zip, or arrays."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from PIL import Image

from ..errors import DataError
from ..system.files import whole
from .fitting import CROPS, FILTERS, MODES, WHITE, Size, Unreadable, unreadable, upright, with_mode
from .labels import Labels
from .pack_arrays import arrays_written
from .parallel import over_images
from .sources import Source
from .sources.packed import image_name

ARRAYS = "npy"  # pixels as they are: a folder, where other formats make a zip
FORMATS: dict[str, dict[str, Any]] = {"png": {}, "webp": {"lossless": True, "exact": True}, ARRAYS: {}}
DATE = (1980, 1, 1, 0, 0, 0)  # the oldest that a zip can name


@dataclass(frozen=True)
class Recipe:
    """How each image is made: its size, filter and crop, its channels, its file. Raises ValueError."""

    size: Size  # (h, w)
    filter: str = "lanczos"
    crop: str = "center"
    channels: int = 3
    format: str = "png"
    white: int = WHITE  # the value in images of 16 bits that is white

    def __post_init__(self) -> None:
        if self.format == "webp" and self.channels < 3:
            raise ValueError("webp holds 3 or 4 channels")
        if not 1 <= min(self.size) <= max(self.size) <= (16383 if self.format == "webp" else 65535):
            raise ValueError(f"{self.format} images have other sizes than {self.size[0]}x{self.size[1]}")

    def encoded(self, image: Image.Image) -> bytes:
        """The file of an image; of arrays its pixels, (c, h, w) in that order."""
        image = CROPS[self.crop](
            with_mode(image, MODES[self.channels], self.white), self.size, FILTERS[self.filter]
        )
        if self.format == ARRAYS:
            return np.asarray(image).reshape(*self.size, self.channels).transpose(2, 0, 1).tobytes()
        image.info = {}  # else a colour profile or a date of the old file would be written too
        out = io.BytesIO()
        image.save(out, self.format, **FORMATS[self.format])
        return out.getvalue()

    def enlarges(self, image: Image.Image) -> bool:
        """Whether the image has fewer pixels than its place."""
        factors = image.height / self.size[0], image.width / self.size[1]
        return (max(factors) if self.crop == "pad" else min(factors)) < 1


@dataclass
class Packed:
    """What was written."""

    images: int = 0
    enlarged: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)  # image, reason


class _File(NamedTuple):
    content: bytes
    enlarged: bool


class _Writer(Protocol):
    def add(self, content: bytes) -> str:
        """An image, as the recipe encodes it; the name that it gets."""

    def finish(self, listed: list[tuple[str, int]] | None, facts: dict[str, Any]) -> None:
        """Labels by name, None without any; names of classes, and the recipe."""


def pack(
    source: Source,
    path: Path,
    recipe: Recipe,
    labels: Labels | None = None,
    skip_broken: bool = False,
    workers: int = 0,
    told: Callable[[int], None] = lambda count: None,
) -> Packed:
    """Write the images in their order, numbered, with their labels: a zip, or with format `npy` a folder.

    Names and the labels file in a zip are those of the StyleGAN tools, whose trainers read it too. The result
    gets its name once it is complete: an interrupted call leaves nothing behind, and never replaces a file.
    `told` hears how many were looked at. Raises DataError at the first image that can't be read, unless
    `skip_broken`; Unwritable where `path` is there already.
    """
    done, listed = Packed(), list[tuple[str, int]]()
    with _written(path, recipe, len(source.images)) as writer:
        with closing(over_images(source, partial(_file, recipe=recipe), workers)) as files:
            for index, made in enumerate(files):
                if isinstance(made, _File):
                    name = writer.add(made.content)
                    done.images += 1
                    done.enlarged += made.enlarged
                    if labels is not None:
                        listed.append((name, int(labels.numbers[index])))
                elif skip_broken:
                    done.skipped.append((source.images[index], made))
                else:
                    raise DataError(
                        unreadable(source, index, made).message,
                        "repair or replace the file; or leave out what can't be read (--skip-broken)",
                    )
                told(index + 1)
        if not done.images:
            raise DataError(f"none of the {len(source.images)} images of {source.name} can be read")
        facts: dict[str, Any] = {"packed": asdict(recipe)}
        if labels is not None and labels.names:
            facts["names"] = labels.names
        writer.finish(listed or None, facts)
    return done


def _written(path: Path, recipe: Recipe, most: int) -> AbstractContextManager[_Writer]:
    if recipe.format == ARRAYS:
        return arrays_written(path, (recipe.channels, *recipe.size), most)
    return _zip_written(path, recipe.format)


@contextmanager
def _zip_written(path: Path, format: str) -> Iterator[_Writer]:
    with whole(path, fresh=True) as new, zipfile.ZipFile(new, "w", zipfile.ZIP_STORED) as archive:
        yield _ZipWriter(archive, format)


class _ZipWriter:
    def __init__(self, archive: zipfile.ZipFile, format: str) -> None:
        self._archive, self._format, self._written = archive, format, 0

    def add(self, content: bytes) -> str:
        name = f"{image_name(self._written)}.{self._format}"
        add(self._archive, name, content)
        self._written += 1
        return name

    def finish(self, listed: list[tuple[str, int]] | None, facts: dict[str, Any]) -> None:
        add(self._archive, "dataset.json", json.dumps({"labels": listed, **facts}).encode())


def _file(source: Source, index: int, recipe: Recipe) -> _File | str:
    """The new file of an image, or why it can't be read."""
    try:
        image = upright(source, index)
    except Unreadable as fault:
        return fault.why
    return _File(recipe.encoded(image), recipe.enlarges(image))


def add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """A file with the same date and rights on every machine."""
    info = zipfile.ZipInfo(name, DATE)
    info.create_system, info.external_attr = 3, 0o644 << 16  # Unix
    archive.writestr(info, content)

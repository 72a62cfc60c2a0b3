"""Writes a set of images as one zip: one size, lossless, stored, labels kept, the same bytes each time."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from ..errors import DataError
from ..files import whole
from .fitting import CROPS, FILTERS, MODES, WHITE, Size, Unreadable, unreadable, upright, with_mode
from .labels import Labels
from .parallel import over_images
from .sources import Source

FORMATS: dict[str, dict[str, Any]] = {"png": {}, "webp": {"lossless": True, "exact": True}}
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
        """The file of an image."""
        image = CROPS[self.crop](
            with_mode(image, MODES[self.channels], self.white), self.size, FILTERS[self.filter]
        )
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


def pack(
    source: Source,
    path: Path,
    recipe: Recipe,
    labels: Labels | None = None,
    skip_broken: bool = False,
    workers: int = 0,
    told: Callable[[int], None] = lambda count: None,
) -> Packed:
    """Write the images in their order, numbered, and `dataset.json` with their labels (null without).

    Names and the labels file are those of the StyleGAN tools, whose trainers read the zip too. The zip takes
    its name when it is whole: what stops before leaves nothing behind, and what was there stays. `told` hears
    how many were looked at. Raises DataError at the first image that can't be read, unless `skip_broken`;
    Unwritable where `path` is there already.
    """
    done, listed = Packed(), []
    with whole(path, fresh=True) as new, zipfile.ZipFile(new, "w", zipfile.ZIP_STORED) as archive:
        with closing(over_images(source, partial(_file, recipe=recipe), workers)) as files:
            for index, made in enumerate(files):
                if isinstance(made, _File):
                    name = f"{done.images // 1000:05d}/img{done.images:08d}.{recipe.format}"
                    add(archive, name, made.content)
                    done.images += 1
                    done.enlarged += made.enlarged
                    if labels is not None:
                        listed.append([name, int(labels.numbers[index])])
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
        facts: dict[str, Any] = {"labels": listed or None, "packed": asdict(recipe)}
        if labels is not None and labels.names:
            facts["names"] = labels.names
        add(archive, "dataset.json", json.dumps(facts).encode())
    return done


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

"""What every source of images is, and which files of one count as images."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Protocol, runtime_checkable

import numpy as np
from PIL import Image

from ..labels import Labels

EXTENSIONS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"})
# What is in the file counts, not its name. Pillow knows more, and some of that starts other programs (EPS).
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
LARGEST = 1 << 28  # bytes of one file inside an archive: a zip of some kilobytes can unpack to terabytes
# Pillow refuses images of twice its MAX_IMAGE_PIXELS: 178,956,970 pixels. From half of that on it warns.
warnings.simplefilter("ignore", Image.DecompressionBombWarning)


class Source(Protocol):
    """Named images, in a fixed order, each reachable at any time."""

    @property
    def name(self) -> str:
        """The source as the user wrote it, for messages."""
        ...

    @property
    def kind(self) -> str:
        """What it is, in words: "a folder"."""
        ...

    @property
    def images(self) -> Sequence[str]:
        """Paths inside the source, with /."""
        ...

    def open(self, index: int) -> Image.Image:
        """The image, perhaps not yet decoded. Raises what Pillow raises, and OSError."""
        ...

    def labels(self) -> Labels | None:
        """The class of each image, None where the source has none. Raises DataError when they are odd."""
        ...


class Files(Protocol):
    """A source that is made of files, of which any may be a field of an item."""

    @property
    def name(self) -> str:
        """The source as the user wrote it, for messages."""
        ...

    def files(self) -> Sequence[str]:
        """Paths of all of them inside the source, with /."""
        ...

    def content(self, name: str) -> bytes:
        """What a file holds. Raises OSError."""
        ...


@runtime_checkable
class OnDisk(Protocol):
    """A source whose images are in files of this machine, which show by their times whether they changed."""

    def held_in(self) -> Sequence[Path]:
        """These files, all of them."""
        ...


class Decoded:
    """A source whose images may need no decoding: they lie in memory, or in files as memory has them."""

    def in_form(self, index: int, shape: tuple[int, int, int]) -> np.ndarray | None:
        """The image as uint8 (c, h, w), where it has that shape: nothing to decode."""
        raise NotImplementedError

    def gather(self, indices: np.ndarray, into: np.ndarray) -> None:
        """Copy images that are in form into uint8 (n, c, h, w). Raises DataError where they can't be read."""
        raise NotImplementedError


def opened(file: Path | str | bytes) -> Image.Image:
    """An image of a path or of a file's content, not yet decoded. Raises what Pillow raises, and OSError."""
    return Image.open(io.BytesIO(file) if isinstance(file, bytes) else file, formats=FORMATS)


def image_names(names: Iterable[str]) -> list[str]:
    """Those that end like images and are not hidden, sorted."""
    return visible(name for name in names if PurePosixPath(name).suffix.lower() in EXTENSIONS)


def visible(names: Iterable[str]) -> list[str]:
    """Those that are not hidden, sorted."""
    return sorted(
        name
        for name in names
        if not any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts if part != "..")
    )


def within_reason(size: int) -> int:
    """The size of a file inside an archive. Raises OSError where reading it would fill the memory."""
    if size > LARGEST:
        most = f"{LARGEST / 2**30:g} GiB"
        raise OSError(f"it unpacks to {size / 2**30:.1f} GiB, and a file in an archive has at most {most}")
    return size


def shown(name: str) -> str:
    """A name of a file as a message may hold it: what is no printable character is escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)

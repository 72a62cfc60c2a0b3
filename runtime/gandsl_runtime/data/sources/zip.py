"""Images in a zip file, read in place."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

from PIL import Image

from ...errors import DataError
from ..labels import Labels, stated
from .base import image_names, within_reason


class Zip:
    """Images in a zip file; each process that reads it opens it for itself."""

    kind = "a zip"

    def __init__(self, path: Path) -> None:
        self.name, self._path = str(path), path
        self._opened: tuple[int, zipfile.ZipFile] | None = None
        try:
            names = self._zip().namelist()
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise DataError(
                f"{path} is no zip file, or is cut short: {error}", "pack or download it again"
            ) from error
        self.images = image_names(name for name in names if not name.endswith("/"))

    def open(self, index: int) -> Image.Image:
        return Image.open(io.BytesIO(self._content(self.images[index])))

    def labels(self) -> Labels | None:
        return stated(self.name, self.images, self._read)

    def _read(self, name: str) -> bytes | None:
        return self._content(name) if name in self._zip().NameToInfo else None

    def _content(self, name: str) -> bytes:
        archive = self._zip()
        info = archive.getinfo(name)
        within_reason(info.file_size)
        try:
            return archive.read(info)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:  # bad CRC, method, password
            raise OSError(str(error)) from error

    def _zip(self) -> zipfile.ZipFile:
        # a file position is shared with forked workers, so that each process needs its own handle
        if self._opened is None or self._opened[0] != os.getpid():
            self._opened = os.getpid(), zipfile.ZipFile(self._path)
        return self._opened[1]

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_opened": None}

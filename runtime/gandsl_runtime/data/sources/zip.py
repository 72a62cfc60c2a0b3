"""Images in a zip file, read in place."""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from PIL import Image

from ...errors import DataError
from ..labels import Labels, stated
from .base import image_names, opened, within_reason

ENCRYPTED = 1  # of a member's flags
# what zipfile raises for wrong bytes, checksums, passwords, and ends too early
DAMAGED = (zipfile.BadZipFile, RuntimeError, ValueError, LookupError, EOFError, zlib.error, struct.error)


class Zip:
    """Images in a zip file, or in a folder of it; each process that reads it opens it for itself."""

    kind = "a zip"

    def __init__(self, path: Path, folder: str = "") -> None:
        self._path, self._below = path, f"{folder}/" if folder else ""
        self.name = str(path / folder)
        self._opened: tuple[int, zipfile.ZipFile] | None = None
        try:
            names = self._zip().namelist()
        except DAMAGED as error:
            raise DataError(
                f"{path} is no zip file, or is cut short: {error}", "pack or download it again"
            ) from error
        self.images = image_names(self._inside(names))

    def open(self, index: int) -> Image.Image:
        return opened(self._content(self._below + self.images[index]))

    def held_in(self) -> list[Path]:
        """The file that the images are in."""
        return [self._path]

    def files(self) -> list[str]:
        """Paths of all members."""
        return list(self._inside(self._zip().namelist()))

    def content(self, name: str) -> bytes:
        """What a member holds. Raises OSError."""
        return self._content(self._below + name)

    def labels(self) -> Labels | None:
        return stated(self.name, self.images, self._read)

    def _inside(self, names: Iterable[str]) -> Iterator[str]:
        """Those of files in the folder that is read."""
        for name in names:
            if name.startswith(self._below) and not name.endswith("/"):
                yield name.removeprefix(self._below)

    def _read(self, name: str) -> bytes | None:
        name = self._below + name
        return self._content(name) if name in self._zip().NameToInfo else None

    def _content(self, name: str) -> bytes:
        archive = self._zip()
        info = archive.getinfo(name)
        within_reason(info.file_size)
        if info.compress_type == zipfile.ZIP_STORED and not info.flag_bits & ENCRYPTED and archive.fp:
            return _stored(archive.fp.fileno(), info)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise OSError("it is compressed by another method than deflate")
        try:
            return archive.read(info)
        except DAMAGED as error:
            raise OSError(str(error) or "the zip is cut short") from error

    def _zip(self) -> zipfile.ZipFile:
        # a file position is shared with forked workers, so that each process needs its own handle
        if self._opened is None or self._opened[0] != os.getpid():
            self._opened = os.getpid(), zipfile.ZipFile(self._path)
        return self._opened[1]

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_opened": None}


def _stored(handle: int, info: zipfile.ZipInfo) -> bytes:
    """A member that is not compressed, in a fifth of the time that zipfile takes. Raises OSError."""
    header = os.pread(handle, 30, info.header_offset)
    if header[:4] != b"PK\3\4":
        raise OSError("the zip was changed, or is damaged")
    names = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    content = os.pread(handle, info.file_size, info.header_offset + 30 + names)
    if zlib.crc32(content) != info.CRC:
        raise OSError(f"Bad CRC-32 for file {info.filename!r}")
    return content

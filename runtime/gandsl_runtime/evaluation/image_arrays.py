"""Images in arrays: in memory, or in `.npy` and `.npz` files, which are mapped and never held whole."""

from __future__ import annotations

import mmap
import shutil
import struct
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from ..data.fitting import MODES
from ..errors import DataError, room_for
from .rgb import RGB, as_rgb

SUFFIXES = (".npy", ".npz")


class ImageArray:
    """Images of an array, uint8 (N, h, w), (N, h, w, c) or (N, c, h, w) of 1 to 4 channels.

    Raises DataError for any other.
    """

    labels: np.ndarray | None = None

    def __init__(self, array: np.ndarray, name: str = "arrays") -> None:
        self.name = name
        shape = "×".join(map(str, array.shape))
        if array.dtype != np.uint8:
            raise DataError(
                f"{name} is an array of {array.dtype}, and metrics take images of 8 bits",
                "write it as uint8, 0 to 255",
            )
        planes = array[:, None] if array.ndim == 3 else array
        if planes.ndim == 4 and planes.shape[1] not in MODES and planes.shape[3] in MODES:
            planes = planes.transpose(0, 3, 1, 2)
        if planes.ndim != 4 or planes.shape[1] not in MODES or not all(planes.shape):
            raise DataError(
                f"{name} is an array of {shape}, and no images: N × h × w, with channels last or second",
                "its first axis is the images; they have 1 to 4 channels",
            )
        self._planes = planes
        self.size = planes.shape[2], planes.shape[3]

    def __len__(self) -> int:
        return len(self._planes)

    def batch(self, begin: int, end: int) -> np.ndarray:
        return np.ascontiguousarray(as_rgb(self._planes[begin:end]))

    def remarks(self) -> tuple[str, ...]:
        channels = self._planes.shape[1]
        return (f"{self.name} is {RGB[channels]}",) if channels in RGB else ()


def array_in(path: Path) -> np.ndarray:
    """The one array of 8 bits with three or four axes in a file. Raises DataError, OutOfSpace."""
    try:
        if path.suffix == ".npy":
            return np.load(path, mmap_mode="r", allow_pickle=False)
        with zipfile.ZipFile(path) as archive:
            heads = {info.filename.removesuffix(".npy"): _head(archive, info) for info in archive.infolist()}
            fitting = [name for name, head in heads.items() if head.images]
            if len(fitting) == 1:
                return _mapped(path, archive, heads[fitting[0]])
    except DAMAGED as error:
        raise DataError(f"{path} is no array, or is damaged: {error}", "write it anew with numpy") from error
    said = ", ".join(f"`{name}`" for name in fitting) or "others alone"
    raise DataError(
        f"{path} has {len(fitting)} arrays that could be images of 8 bits: {said}", "keep one, of uint8"
    )


DAMAGED = (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, struct.error)


class _Head(NamedTuple):
    """What a member of an `.npz` says of itself."""

    info: zipfile.ZipInfo
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    at: int  # bytes before the numbers
    columns_first: bool

    @property
    def images(self) -> bool:
        return self.dtype == np.uint8 and len(self.shape) in (3, 4) and not self.columns_first


def _head(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Head:
    """Raises ValueError where it is no array."""
    with archive.open(info) as member:
        version = np.lib.format.read_magic(member)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }.get(version)
        if read is None:
            raise ValueError(f"`{info.filename}` is of a newer form")
        shape, columns_first, dtype = read(member)
        return _Head(info, shape, dtype, member.tell(), columns_first)


def _mapped(path: Path, archive: zipfile.ZipFile, head: _Head) -> np.ndarray:
    """The array, where it lies; one that is compressed is unpacked to a file that is gone with it."""
    wanted = head.at + int(np.prod(head.shape, dtype=object))
    if head.info.file_size != wanted:
        raise ValueError(f"it holds {head.info.file_size:,} bytes, and {wanted:,} follow from its shape")
    if head.info.compress_type == zipfile.ZIP_STORED:
        with open(path, "rb") as file:
            file.seek(head.info.header_offset)
            names, extra = struct.unpack("<26xHH", file.read(30))
            begin = head.info.header_offset + 30 + names + extra + head.at
            if begin + wanted - head.at > path.stat().st_size:
                raise ValueError("it is cut short")
            data: Any = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return np.frombuffer(data, np.uint8, wanted - head.at, begin).reshape(head.shape)
    place: IO[bytes]
    with tempfile.TemporaryFile() as place, archive.open(head.info) as member:
        with room_for(f"the images of {path}", Path(tempfile.gettempdir())):
            shutil.copyfileobj(member, place, 1 << 20)
            place.flush()
        data = mmap.mmap(place.fileno(), 0, access=mmap.ACCESS_READ)
    return np.frombuffer(data, np.uint8, offset=head.at).reshape(head.shape)

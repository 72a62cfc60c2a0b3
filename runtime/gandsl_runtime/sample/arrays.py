"""Files of named arrays, read without trust and written whole: NumPy's and safetensors."""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ..data.pack import add
from ..errors import RuntimeFault
from ..system.files import whole

Arrays = Mapping[str, Tensor]
_OF_NUMPY = (ValueError, TypeError, EOFError)  # what a damaged file is answered with
_OF_ZIPS = (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, NotImplementedError)


class LatentsError(RuntimeFault):
    """A file of latents or of other inputs can't be read, or is of another network."""

    exit_code = 1


def read_npz(path: Path, wanted: Sequence[str] | None = None) -> dict[str, Tensor]:
    """NumPy's own; `wanted` arrays of it, or all. No pickles; each array's header is checked against the file
    before memory is allocated for it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            found = {}
            for name in members if wanted is None else wanted:
                if info := members.get(name):
                    with archive.open(info) as file:
                        found[name] = torch.from_numpy(_array(file.read, info.file_size))
            return found
    except (*_OF_NUMPY, *_OF_ZIPS) as error:
        raise _unreadable(path, error) from error


def read_npy(path: Path) -> Tensor:
    """The array of a file of NumPy's."""
    try:
        with path.open("rb") as file:
            return torch.from_numpy(_array(file.read, path.stat().st_size))
    except (*_OF_NUMPY, OSError) as error:
        raise _unreadable(path, error) from error


def _array(read: Callable[[int], bytes], size: int) -> np.ndarray:
    start = io.BytesIO(read(min(size, 2**16)))
    version = np.lib.format.read_magic(start)
    header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in header:
        raise ValueError(f"version {version} of NumPy's format holds no plain numbers")
    shape, by_columns, kind = header[version](start)
    if kind.kind not in "fiub":
        raise ValueError(f"it holds {kind} and not numbers")
    if start.tell() + math.prod(shape) * kind.itemsize != size:
        raise ValueError(f"{shape} numbers are not what is there")
    content = bytearray(start.read())
    while piece := read(2**24):
        content += piece
    array = np.frombuffer(content, kind).reshape(shape, order="F" if by_columns else "C")
    return np.ascontiguousarray(array.astype(kind.newbyteorder("="), copy=False)).reshape(shape)


def read_safetensors(path: Path, wanted: Sequence[str] | None = None) -> dict[str, Tensor]:
    """Tensors of a file of safetensors: those `wanted`, or all."""
    try:
        with safe_open(path, framework="pt") as file:
            there = set(file.keys())
            return {name: file.get_tensor(name).clone() for name in (wanted or there) if name in there}
    except (SafetensorError, OSError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> LatentsError:
    said = "it is empty" if not path.stat().st_size else str(error) or type(error).__name__
    return LatentsError(f"{path} can't be read as {path.suffix.lower()}: {said}", "is it whole?")


def _write_npz(path: Path, arrays: Arrays) -> None:
    with whole(path) as new, zipfile.ZipFile(new, "w") as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, array.numpy(), allow_pickle=False)
            add(archive, f"{name}.npy", content.getvalue())


def _write_safetensors(path: Path, arrays: Arrays) -> None:
    with whole(path) as new:
        save_file({name: array.contiguous() for name, array in arrays.items()}, new)


READERS = {".npz": read_npz, ".safetensors": read_safetensors}
WRITERS = {".npz": _write_npz, ".safetensors": _write_safetensors}

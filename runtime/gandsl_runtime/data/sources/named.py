"""Arrays by name, whose first axis is the items: given in Python, or in an .npz file."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from ...errors import DataError
from ..labels import Labels
from ..names import spelled


class NamedArrays:
    """Fields of items, an array each: [n, …]. Raises DataError where they have not as many items."""

    kind = "arrays in memory"

    def __init__(self, arrays: Mapping[str, np.ndarray], name: str = "arrays") -> None:
        self.name, self.arrays = name, dict(arrays)
        counts = {field: len(array) if array.ndim else 0 for field, array in self.arrays.items()}
        if len(set(counts.values())) != 1 or not min(counts.values()):
            said = ", ".join(f"{count:,} of `{spelled(field)}`" for field, count in counts.items())
            raise DataError(
                f"{name} has not one value of each field for each item: {said or 'nothing'}",
                "the first axis of each array is the items, at least one",
            )
        self.images = [str(number) for number in range(next(iter(counts.values())))]

    def open(self, index: int) -> Image.Image:
        """The first of the arrays that holds images, as one."""
        for array in self.arrays.values():
            if array.dtype == np.uint8 and array.ndim in (3, 4):
                return Image.fromarray(array[index])
        raise OSError("it has no images of 8 bits")

    def labels(self) -> Labels | None:
        return None


def npz(path: Path) -> NamedArrays:
    """The arrays of an .npz file. Raises DataError where it is none; pickled objects are refused."""
    try:
        with np.load(path, allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, struct.error) as error:
        raise DataError(
            f"{path} is no .npz file, or is damaged: {error}", "write it anew with numpy.savez"
        ) from error
    except MemoryError as error:
        raise DataError(f"{path} needs more memory than there is", "write its fields to files") from error
    source = NamedArrays(arrays, str(path))
    source.kind = "an .npz file"
    return source

"""Writes a decoded pack: a folder of `.npy` files and their index (data/sources/packed.py tells the form)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from ..system.files import whole_folder
from .sources.packed import INDEX, VERSION, Index, image_name, shard_name

SHARD = 1 << 30  # bytes of pixels in a file, so that a pack can be copied in parts …
SHARDS = 256  # … unless that makes more files than this: each is open while a run reads


class ArraysWriter:
    """Takes the pixels of one image after the other."""

    def __init__(self, folder: Path, shape: tuple[int, int, int], most: int) -> None:
        self._folder, self._shape = folder, shape
        c, h, w = shape
        self._per_shard = max(SHARD // (c * h * w), -(-most // SHARDS), 1)
        self._written, self._file = 0, None

    _file: BinaryIO | None

    def add(self, content: bytes) -> str:
        """Pixels (c, h, w) in that order; what the image is called."""
        if self._written % self._per_shard == 0:
            self.close()
            number = self._written // self._per_shard
            self._file = open(self._folder / shard_name(number), "xb")  # noqa: SIM115  # closed by the next
            self._file.write(self._index(self._written + self._per_shard).header(number))
        assert self._file is not None
        self._file.write(content)
        self._written += 1
        return image_name(self._written - 1)

    def finish(self, listed: list[tuple[str, int]] | None, facts: dict[str, Any]) -> None:
        """The true number of images into the last file's header, and the index."""
        index = self._index(self._written, labels=listed and tuple(label for _, label in listed), **facts)
        assert self._file is not None
        self._file.seek(0)
        self._file.write(index.header(index.shards - 1))
        self.close()
        (self._folder / INDEX).write_text(index.model_dump_json())

    def close(self) -> None:
        """Close the file that is open."""
        if self._file is not None:
            self._file.close()
        self._file = None

    def _index(self, images: int, **facts: Any) -> Index:
        return Index(gandsl=VERSION, images=images, shape=self._shape, per_shard=self._per_shard, **facts)


@contextmanager
def arrays_written(path: Path, shape: tuple[int, int, int], most: int) -> Iterator[ArraysWriter]:
    """A pack of at most so many images (c, h, w), which takes its name when the block ends well."""
    with whole_folder(path) as new, ExitStack() as stack:
        writer = ArraysWriter(new, shape, most)
        stack.callback(writer.close)
        yield writer

"""A decoded pack: pixels as they are, in `.npy` files that are mapped into memory, beside one index.

`gandsl data pack --format npy` writes it. A folder holds `gandsl-pack.json`, which tells the number of
images, their shape and labels, and `00000.npy` …, each uint8 (n, c, h, w) with as many images as the index
says. Every size follows from the index, and no file is read that is not exactly of its size.
"""

from __future__ import annotations

import io
import mmap
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from PIL import Image
from pydantic import Field, ValidationError, model_validator

from ...errors import DataError
from ...runs.header import StrictDocument
from ...system.files import read, special
from ..labels import Labels
from .base import Decoded, within_reason

INDEX = "gandsl-pack.json"
Version = Literal["pack/1"]
VERSION: Version = "pack/1"
MOST_SHARDS = 1024  # each is an open file
MOST_IMAGES = 2**31
REMEDY = "copy or pack it again"

Side = Annotated[int, Field(ge=1, le=65535)]
Number = Annotated[int, Field(ge=-(2**63), lt=2**63)]


class Index(StrictDocument):
    """The file beside the shards."""

    gandsl: Version
    images: Annotated[int, Field(ge=1, le=MOST_IMAGES)]
    shape: tuple[Annotated[int, Field(ge=1, le=4)], Side, Side]  # (c, h, w)
    per_shard: Annotated[int, Field(ge=1, le=MOST_IMAGES)]  # images; the last one has what is left
    labels: tuple[Number, ...] | None = None
    names: tuple[str, ...] = ()  # of class 0, 1, …
    packed: dict[str, Any] = {}  # the recipe

    @model_validator(mode="after")
    def _consistent(self) -> Index:
        if self.shards > MOST_SHARDS:
            raise ValueError(f"it has {self.shards:,} shards, and at most {MOST_SHARDS:,} are read")
        if self.labels is not None and len(self.labels) != self.images:
            raise ValueError(f"it has {len(self.labels):,} labels for {self.images:,} images")
        return self

    @property
    def shards(self) -> int:
        return -(-self.images // self.per_shard)

    def held(self, shard: int) -> int:
        """How many images a shard has."""
        return min(self.per_shard, self.images - shard * self.per_shard)

    def header(self, shard: int) -> bytes:
        """What a shard begins with: NumPy's own header of an array of that shape."""
        out = io.BytesIO()
        facts = {"descr": "|u1", "fortran_order": False, "shape": (self.held(shard), *self.shape)}
        np.lib.format.write_array_header_1_0(out, facts)
        return out.getvalue()


def shard_name(number: int) -> str:
    """`00000.npy` …"""
    return f"{number:05d}.npy"


def image_name(number: int) -> str:
    """What the image is called in a packed zip."""
    return f"{number // 1000:05d}/img{number:08d}"


class Pack(Decoded):
    """Images of a decoded pack; labels are the index's. Raises DataError for one that is not as written."""

    kind = "a decoded pack"

    def __init__(self, path: Path) -> None:
        self.name, self._path = str(path), path
        self._index = index_of(path)
        self._bytes = int(np.prod(self._index.shape))
        self._maps = self._mapped()
        self.images = [image_name(number) for number in range(self._index.images)]

    def open(self, index: int) -> Image.Image:
        image = self.in_form(index, self._index.shape)
        assert image is not None
        return Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0))

    def in_form(self, index: int, shape: tuple[int, int, int]) -> np.ndarray | None:
        """The image as uint8 (c, h, w), a view of the file, where it has that shape."""
        if shape != self._index.shape:
            return None
        shard, place = divmod(index, self._index.per_shard)
        return self._maps[shard][1][place]

    def gather(self, indices: np.ndarray, into: np.ndarray) -> None:
        if len(self._maps) == 1:
            self._refuse_cut(0)
            np.take(self._maps[0][1], indices, axis=0, out=into, mode="clip")  # unbuffered; none lies beyond
            return
        numbers, places = np.divmod(indices, self._index.per_shard)
        shards, begins = numbers.tolist(), (places * self._bytes).tolist()
        pixels = {}
        for shard in set(shards):
            self._refuse_cut(shard)
            pixels[shard] = self._maps[shard][1].data.cast("B")
        size, there = self._bytes, into.data.cast("B")  # whose slices cost half of what rows do
        for at, shard, begin in zip(range(0, len(there), size), shards, begins, strict=True):
            there[at : at + size] = pixels[shard][begin : begin + size]

    def _refuse_cut(self, shard: int) -> None:
        """Raises DataError where a file has become shorter since it was mapped.

        To read what it no longer holds would end the process without a word (SIGBUS).
        """
        mapping, _ = self._maps[shard]
        if (now := mapping.size()) < len(mapping):
            raise self._odd(shard, f"it was cut to {now:,} of {len(mapping):,} bytes while it was read")

    def held_in(self) -> list[Path]:
        """The files that the images are in."""
        return [self._path / shard_name(shard) for shard in range(self._index.shards)]

    def labels(self) -> Labels | None:
        index = self._index
        if index.labels is None:
            return None
        return Labels(np.array(index.labels, dtype=np.int64), f"{self.name}/{INDEX}", index.names)

    def _mapped(self) -> list[tuple[mmap.mmap, np.ndarray]]:
        return [self._map(shard) for shard in range(self._index.shards)]

    def _map(self, shard: int) -> tuple[mmap.mmap, np.ndarray]:
        """A shard's file, and its images, uint8 (n, c, h, w): a view of it that can't be written."""
        path, header = self._path / shard_name(shard), self._index.header(shard)
        shape = (self._index.held(shard), *self._index.shape)
        wanted = len(header) + shape[0] * self._bytes
        try:
            if kind := special(path):
                raise self._odd(shard, f"it is {kind}")
            with open(path, "rb") as file:
                size = file.seek(0, io.SEEK_END)
                if size != wanted:
                    raise self._odd(shard, f"it has {size:,} bytes, and {wanted:,} are its images")
                file.seek(0)
                if file.read(len(header)) != header:
                    raise self._odd(shard, "its header is not that of its images")
                mapping = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
        except OSError as error:
            raise self._odd(shard, (error.strerror or str(error)).lower()) from error
        return mapping, np.frombuffer(mapping, np.uint8, offset=len(header)).reshape(shape)

    def _odd(self, shard: int, why: str) -> DataError:
        return _odd(self._path / shard_name(shard), why)

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_maps": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._maps = self._mapped()


def index_of(path: Path) -> Index:
    """The index of a folder. Raises DataError with the first thing that is wrong with it."""
    where = path / INDEX
    try:
        within_reason(where.stat().st_size)
        text = read(where)
    except OSError as error:
        raise _odd(where, (error.strerror or str(error)).lower()) from error
    try:
        return Index.model_validate_json(text)
    except (ValidationError, RecursionError) as error:
        raise _odd(where, _first(error)) from error


def _first(error: ValidationError | RecursionError) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    first = error.errors(include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    if place == "gandsl" and isinstance(first["input"], str) and first["input"].startswith("pack/"):
        return f"it says {first['input'][:20]!r}, and this gandsl reads {VERSION!r} and 'pack/2'"
    said = first["msg"].removeprefix("Value error, ").replace("Input should", "should")
    return f"`{place}` {said}" if place else said


def _odd(path: Path, why: str) -> DataError:
    return DataError(f"{path} is not as `gandsl data pack` writes it: {why}", REMEDY)

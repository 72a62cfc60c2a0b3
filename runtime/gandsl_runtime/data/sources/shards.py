"""WebDataset shards: tar files of samples, indexed once and then read in any order.

The webdataset library streams shards and shuffles in a buffer: its order can't be resumed in the middle.
The format is plain tar, so that reading the headers once gives every image a place; each image is then one
read at a known offset, and the order is as free as in a folder.
"""

from __future__ import annotations

import io
import json
import os
import re
import tarfile
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from PIL import Image

from ...errors import DataError
from ...system.files import special
from ..labels import Labels, numbered
from .base import EXTENSIONS, opened, within_reason

LABEL_FIELDS = ("label", "cls", "class")  # of a sample's .json
OPEN_FILES = 64
MOST_SHARDS = 100_000  # that a pattern may stand for
_BRACES = re.compile(r"\{(?:(\d{1,18})\.\.(\d{1,18})|([^{}]*,[^{}]*))\}")


class Member(NamedTuple):
    """One file of a shard."""

    shard: int
    name: str
    offset: int
    size: int


class Shards:
    """The first image of each sample; its label is the sample's `.cls`, or a field `label` of its `.json`.

    A sample is a run of files that share the path up to the first dot of their name.
    """

    kind = "WebDataset shards"

    def __init__(self, name: str, shards: Sequence[Path]) -> None:
        self.name, self._shards = name, list(shards)
        self._handles: OrderedDict[int, io.FileIO] = OrderedDict()
        self.images: list[str] = []
        self._places: list[Member] = []
        self._stated: list[Any] = []
        for _, sample in self.samples():
            if (image := _image_of(sample)) is not None:
                self.images.append(self.said(image))
                self._places.append(image)
                self._stated.append(self._label(sample))
        self._handles.clear()  # else each process that is forked would hold them too

    def samples(self) -> Iterator[tuple[str, dict[str, Member]]]:
        """The name of each sample, and its files by what follows the first dot there. Raises DataError."""
        for number, shard in enumerate(self._shards):
            for key, sample in _samples(number, shard):
                yield f"{shard.name}/{key}", sample

    def said(self, place: Member) -> str:
        """A file's shard and name, for messages."""
        return f"{self._shards[place.shard].name}/{place.name}"

    def open(self, index: int) -> Image.Image:
        return opened(self.content(self._places[index]))

    def held_in(self) -> list[Path]:
        """The files that the images are in."""
        return self._shards

    def labels(self) -> Labels | None:
        if all(label is None for label in self._stated):
            return None
        unlabeled = [image for image, label in zip(self.images, self._stated, strict=True) if label is None]
        if unlabeled:
            raise DataError(
                f"{self.name} has no label for {unlabeled[0]} ({len(unlabeled)} lack one)",
                "give every sample a .cls, or a .json with a field `label`; or give none",
            )
        return numbered(self._stated, self.images, self.name)

    def _label(self, sample: dict[str, Member]) -> Any:
        """A number where the sample holds one, None where it says nothing; odd text stays text."""
        if cls := sample.get("cls"):
            return number_in(self.content(cls))
        if facts := sample.get("json"):
            try:
                found = json.loads(self.content(facts))
            except (ValueError, RecursionError):
                return None
            if isinstance(found, dict):
                return next((found[field] for field in LABEL_FIELDS if field in found), None)
            return found if isinstance(found, int) else None
        return None

    def content(self, place: Member) -> bytes:
        """What a file holds. Raises OSError."""
        handle = self._handle(place.shard).fileno()
        content = os.pread(handle, within_reason(place.size), place.offset)
        if len(content) < place.size:
            raise OSError(f"{self._shards[place.shard].name} is cut short")
        return content

    def _handle(self, shard: int) -> io.FileIO:
        """An open file: reads name their offset, so that forked processes may share it."""
        if shard not in self._handles:
            self._handles[shard] = open(self._shards[shard], "rb", buffering=0)  # noqa: SIM115  # kept open
            if len(self._handles) > OPEN_FILES:
                self._handles.popitem(last=False)
        self._handles.move_to_end(shard)
        return self._handles[shard]

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_handles": OrderedDict()}


def shards_of(folder: Path) -> list[Path]:
    """The shards in a folder, by name."""
    return sorted(folder.glob("*.tar"))


def shards_named(pattern: str) -> list[Path]:
    """The files of a brace pattern, such as shards-{000..011}.tar; none where it has no braces.

    Raises DataError when one of them is not there.
    """
    if not _BRACES.search(pattern):
        return []
    names = list(islice(expanded(pattern), MOST_SHARDS + 1))
    if len(names) > MOST_SHARDS:
        raise DataError(f"{pattern} stands for more than {MOST_SHARDS:,} shards", "correct the pattern")
    paths = [Path(name) for name in names]
    if not paths:
        raise DataError(f"{pattern} stands for no shard", "write the smaller number first")
    if absent := [path for path in paths if not path.exists()]:
        raise DataError(
            f"{absent[0]} does not exist, one of the {len(paths)} shards of {pattern}", "correct the pattern"
        )
    return paths


def expanded(pattern: str) -> Iterator[str]:
    """Every text that a pattern with {000..011} and {a,b} stands for; numbers keep their width."""
    found = _BRACES.search(pattern)
    if found is None:
        yield pattern
        return
    first, last, words = found.groups()
    choices = words.split(",") if words else (f"{i:0{len(first)}d}" for i in range(int(first), int(last) + 1))
    for choice in choices:
        yield from expanded(pattern[: found.start()] + choice + pattern[found.end() :])


def number_in(content: bytes) -> int | str:
    """What a `.cls` file says: a number, or odd text as it is."""
    text = content.decode(errors="replace").strip()
    return int(text) if re.fullmatch(r"-?\d{1,18}", text) else text


def _samples(number: int, shard: Path) -> Iterator[tuple[str, dict[str, Member]]]:
    """The key of each sample, and its files by what follows the first dot of their name. Raises DataError."""
    current, sample = ("", ""), dict[str, Member]()
    for member in _members(number, shard):
        folder, _, file = member.name.rpartition("/")
        stem, _, extension = file.partition(".")
        if not stem:  # hidden
            continue
        if (folder, stem) != current:
            if sample:
                yield "/".join(filter(None, current)), sample
            current, sample = (folder, stem), {}
        sample.setdefault(extension.lower(), member)
    if sample:
        yield "/".join(filter(None, current)), sample


def _members(number: int, shard: Path) -> Iterator[Member]:
    if kind := special(shard):
        raise DataError(f"{shard} is {kind}, no tar file", "give files of shards")
    try:
        with tarfile.open(shard, "r:") as archive:
            for info in archive:
                if info.isreg() and not info.issparse():
                    yield Member(number, info.name, info.offset_data, info.size)
                archive.members = []  # type: ignore[attr-defined]  # else it keeps every header
            archive.fileobj.seek(archive.offset)
            if archive.fileobj.read(512) != bytes(512):  # tarfile takes a damaged header for the end
                raise tarfile.ReadError("it has no end mark")
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise DataError(
            f"{shard} is no plain tar file, or is cut short: {error}",
            "download it again; unpack one that is compressed (gunzip)",
        ) from error


def _image_of(sample: dict[str, Member]) -> Member | None:
    """The image of a sample: `jpg` goes before `mask.png`, else the first."""
    images = [extension for extension in sample if PurePosixPath(f"x.{extension}").suffix in EXTENSIONS]
    return sample[min(images, key=lambda extension: "." in extension)] if images else None

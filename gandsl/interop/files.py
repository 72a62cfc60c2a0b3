"""The four kinds of checkpoint file: torch's zip, torch's older stream, a plain pickle, and safetensors."""

from __future__ import annotations

import mmap
import re
import stat
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

from gandsl.interop import flat, foreign
from gandsl.interop.errors import CutShort, DamagedFile, InteropError, Refused
from gandsl.interop.inert import Persistent, PickledStorage, Unfit, persistent
from gandsl.interop.unpickle import Reader, unpickle

LARGEST_PICKLE = 64 * 2**20  # of a zip, where the numbers lie outside of it
LARGEST_DIRECTORY = 16 * 2**20
MOST_ENTRIES = 100_000
MAGIC = 0x1950A86A20F9469CFC6C  # torch's older files begin with this integer
STREAM_VERSION = 1001

ZIP_END, ZIP64_END = struct.Struct("<4s4H2LH"), struct.Struct("<4sQ2H2L4Q")
ZIP64_LOCATOR_SIZE = 20
ZIP_HEADER = struct.Struct("<4s5H3L2H")
# All four: `zipfile` has an error of its own for some directories that make no sense, and stumbles over
# others: sizes that are cut short, dates and names that are none, methods that it does not know.
NO_ZIP = (zipfile.BadZipFile, struct.error, ValueError, NotImplementedError)


@dataclass(frozen=True)
class Content:
    """What a file holds, as inert values whose tensors are views of the open file."""

    root: Any
    size: int  # of the file, in bytes
    kind: str


@contextmanager
def opened(path: Path) -> Iterator[Content]:
    """The content of a checkpoint file; its tensors live as long as the block. Raises InteropError."""
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            if stat.S_ISDIR(facts.st_mode):
                raise foreign.folder(path)
            raise InteropError(f"{path} is no regular file", "name the checkpoint file")
        if not facts.st_size:
            raise InteropError(f"{path} is empty", "copy or download it again")
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise InteropError(f"cannot open {path}: {(error.strerror or str(error)).lower()}") from error
    try:
        yield _content(path, memoryview(mapped))
    finally:
        with suppress(BufferError):  # views that are still held keep the map: it goes with the last of them
            mapped.close()


def _content(path: Path, data: memoryview) -> Content:
    where = str(path)
    try:
        if bytes(data[:4]) == b"PK\x03\x04":
            return Content(_Zip(path, data).root(), len(data), "torch file")
        if flat.is_flat(data):
            return Content(flat.tensors_of(path, data), len(data), "safetensors")
        if bytes(data[:1]) != b"\x80":
            raise foreign.stranger(where, data)
        reader = Reader(data, where)
        first = unpickle(reader, _no_storage, lambda inner: _inner(inner, where))
        if first == MAGIC and type(first) is int:
            return Content(_stream(reader), len(data), "older torch file")
        return Content(first, len(data), "pickle")
    except Unfit as error:
        raise Refused(where, str(error)) from error


def _no_storage(identity: Any) -> Any:
    raise Unfit("a persistent id")


def _inner(data: Any, where: str) -> PickledStorage:
    """A storage inside a plain pickle: bytes that are a file of torch's older kind."""
    reader = Reader(memoryview(data), f"a tensor of {where}")
    if unpickle(reader) != MAGIC:
        raise Unfit("a storage in a form that is not known")
    found = _stream(reader)
    if not isinstance(found, PickledStorage):
        raise Unfit("a storage in a form that is not known")
    return found


def _stream(reader: Reader) -> Any:
    """torch's older file, after its first integer: version, machine, value, then the storages' numbers."""
    version, machine = unpickle(reader), unpickle(reader)
    if version != STREAM_VERSION or not isinstance(machine, dict) or machine.get("little_endian") is not True:
        raise Unfit("another version or byte order than this reader knows")
    storages: dict[str, PickledStorage] = {}

    def storage(identity: Any) -> PickledStorage:
        found = persistent(identity)
        known = storages.setdefault(found.key, found.storage)
        if (known.dtype, known.count) != (found.storage.dtype, found.storage.count):
            raise Unfit("two storages under one name")
        if known.nbytes > len(reader.data):
            raise CutShort(
                reader.where, f": it has {len(reader.data):,} bytes, and a tensor {known.nbytes:,}"
            )
        return known

    root = unpickle(reader, storage)
    for key in _keys(unpickle(reader), storages):
        (count,) = struct.unpack("<q", reader.read(8))
        if count != storages[key].count:
            raise DamagedFile(reader.where, "a storage has another length than announced")
        start = reader.position
        reader.read(storages[key].nbytes)
        storages[key].data = reader.data[start : reader.position]
    return root


def _keys(listed: Any, storages: dict[str, PickledStorage]) -> list[str]:
    """The order in which the storages follow; each once."""
    if not isinstance(listed, list) or not all(isinstance(key, str) for key in listed):
        raise Unfit("storages in a form that is not known")
    if len(set(listed)) != len(listed) or set(listed) != set(storages):
        raise Unfit("storages that are announced and missing, or the other way round")
    return listed


class _Zip:
    """torch's zip: `NAME/data.pkl` and one stored entry `NAME/data/KEY` for each storage."""

    def __init__(self, path: Path, data: memoryview) -> None:
        self.where, self.data = str(path), data
        self._check_directory()
        try:
            with path.open("rb") as file, zipfile.ZipFile(file) as archive:
                entries = archive.infolist()
        except NO_ZIP as error:
            raise DamagedFile(self.where, f"{error}".lower() or "no zip") from error
        foreign.check_zip([entry.filename for entry in entries], self.where)
        self.entries = self._checked(entries)

    def _check_directory(self) -> None:
        """The directory lies at the end and is small; `zipfile` reads just this one."""
        if len(self.data) < ZIP_END.size:
            raise CutShort(self.where)
        end = len(self.data) - ZIP_END.size
        signature, *_, size, _, comment = ZIP_END.unpack_from(self.data, end)
        if signature != b"PK\x05\x06" or comment:
            raise CutShort(self.where)
        older = end - ZIP64_LOCATOR_SIZE - ZIP64_END.size
        if older >= 0 and bytes(self.data[end - ZIP64_LOCATOR_SIZE :][:4]) == b"PK\x06\x07":
            size = max(ZIP64_END.unpack_from(self.data, older)[8], size if size != 0xFFFFFFFF else 0)
        if size > LARGEST_DIRECTORY:
            raise Refused(self.where, f"its table of contents has {size:,} bytes")

    def _checked(self, entries: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
        """The entries by name: few, stored as they are, inside the archive, not larger than the file."""
        if len(entries) > MOST_ENTRIES:
            raise Refused(self.where, f"it has {len(entries):,} entries")
        for entry in entries:
            name = entry.filename
            if name.startswith("/") or ".." in name.split("/") or re.search(r"[\\\0:]", name):
                raise Refused(self.where, f"its entry {name[:80]!r} points outside of it")
            if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
                raise Refused(
                    self.where,
                    f"its entry {name[:80]!r} is compressed, from {entry.file_size:,} bytes",
                    "torch.save does not compress: unpack and save it anew",
                )
            if entry.flag_bits & 1:
                raise Refused(self.where, f"its entry {name[:80]!r} is encrypted")
        found = {entry.filename: entry for entry in entries}
        if len(found) != len(entries) or sum(entry.file_size for entry in entries) > len(self.data):
            raise Refused(self.where, "its entries lie one over the other")
        return found

    def entry(self, name: str) -> memoryview:
        """The bytes of an entry, as a view of the file."""
        if name not in self.entries:
            raise DamagedFile(self.where, f"it has no {name!r}")
        info = self.entries[name]
        start = info.header_offset
        if start + ZIP_HEADER.size > len(self.data):
            raise CutShort(self.where)
        signature, *_, name_length, extra_length = ZIP_HEADER.unpack_from(self.data, start)
        start += ZIP_HEADER.size + name_length + extra_length
        if signature != b"PK\x03\x04" or start + info.file_size > len(self.data):
            raise DamagedFile(self.where, f"{name!r} is not where the table of contents says")
        return self.data[start : start + info.file_size]

    def root(self) -> Any:
        pickles = [name for name in self.entries if name == "data.pkl" or name.endswith("/data.pkl")]
        if len(pickles) != 1 or pickles[0].count("/") > 1:
            raise Refused(self.where, f"it has {len(pickles)} pickles")
        folder = pickles[0].removesuffix("data.pkl")
        if f"{folder}byteorder" in self.entries and bytes(self.entry(f"{folder}byteorder")) != b"little":
            raise InteropError(f"{self.where} has numbers in big-endian order", "save it on a usual machine")
        data = self.entry(pickles[0])
        if len(data) > LARGEST_PICKLE:
            raise Refused(self.where, f"its pickle has {len(data):,} bytes beside the tensors")
        if crc32(data) != self.entries[pickles[0]].CRC:
            raise DamagedFile(self.where, "the checksum of its pickle is wrong")
        storages: dict[str, PickledStorage] = {}

        def storage(identity: Any) -> PickledStorage:
            found: Persistent = persistent(identity)
            if not re.fullmatch(r"\w{1,100}", found.key):
                raise Unfit("a storage whose name leads elsewhere")
            if found.key not in storages:
                name = f"{folder}data/{found.key}"
                room = self.entry(name)
                if found.storage.nbytes > len(room):
                    raise Unfit(f"a storage of {found.storage.nbytes:,} bytes in an entry of {len(room):,}")
                found.storage.data, found.storage.checksum = room, self.entries[name].CRC
                storages[found.key] = found.storage
            known = storages[found.key]
            if (known.dtype, known.count) != (found.storage.dtype, found.storage.count):
                raise Unfit("two storages under one name")
            return known

        return unpickle(Reader(data, self.where), storage)

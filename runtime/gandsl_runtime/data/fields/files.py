"""Fields of items that lie in files: a sub-folder for each, a part of the name, or a table beside them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from ...errors import DataError
from ...plan.game import DataField
from ..labels import Labels, stated
from ..matching import form
from ..names import and_more, spelled
from ..sources.base import Files, visible
from .columns import Column, Columns, InFiles, InTable, absent, shared_items
from .decode import stem, suffix_of
from .kinds import KINDS
from .metadata import FILE, Metadata, metadata_of

PLAIN = ("Image", "Signal", "Volume")  # kinds whose files need no name of a field, where nothing else is left
LAYOUTS = (
    "a field is a folder of files of its own name (`{0}/0001{1}`), a part of their names (`0001.{0}{1}`), "
    "or a column of metadata.csv or metadata.jsonl"
)


@dataclass(frozen=True)
class Listing:
    """The files of a set, without hidden ones, below a folder that holds them all."""

    source: Files
    files: Sequence[str]
    above: str = ""  # a folder, with its /

    @property
    def name(self) -> str:
        """Of the set, for messages."""
        return f"{self.source.name}/{self.above}".rstrip("/") if self.above else self.source.name

    def read(self, name: str) -> bytes:
        """The content of a file. Raises OSError."""
        return self.source.content(self.above + name)

    def labels(self, images: Sequence[str]) -> Labels | None:
        """The classes of images with these names: of a labels file, else of their folders."""
        there = set(self.files)
        return stated(self.name, images, lambda name: self.read(name) if name in there else None)


def columns_of(source: Files, wanted: Mapping[str, DataField]) -> Columns:
    """The fields, each by what the set calls it. Raises DataError where one is not there, or lacks items."""
    listing = _read_through(Listing(source, visible(source.files())), wanted)
    table = metadata_of(listing.name, listing.files, listing.read)
    found: dict[str, Mapping[str, object]] = {}
    for field, of in wanted.items():
        if (own := _named(listing, field, of, table)) is not None:
            found[field] = own
    if (field := _left(wanted, found)) and (own := _plain_files(listing, table, wanted, found, field)):
        found[field] = own
    labels = [field for field, of in wanted.items() if field not in found and of.kind == "Label"]
    if len(labels) == 1 and (stated_ones := _stated(listing, wanted, found)) is not None:
        found[labels[0]] = stated_ones
    for field, of in wanted.items():
        if field not in found:
            have = sorted(_seen(listing.files) | set(table.columns if table else ()))
            raise absent(listing.name, field, have, LAYOUTS, of.kind)
    names = shared_items(listing.name, found)
    return Columns(names, {field: _column(listing, field, own, names) for field, own in found.items()})


def _column(listing: Listing, field: str, own: Mapping[str, object], names: Sequence[str]) -> Column:
    values = [own[name] for name in names]
    if all(isinstance(one, InFile) for one in values):
        return InFiles(listing.read, [one.path for one in values if isinstance(one, InFile)])
    return InTable(values, names, field)


class InFile:
    """A field that a file holds."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path


def _read_through(listing: Listing, wanted: Mapping[str, DataField]) -> Listing:
    """Without the folders that hold everything; a folder that is called like a field is no such one."""
    above, files = "", listing.files
    while files and (first := files[0].partition("/")[0]) not in wanted and "/" in files[0]:
        if not all(name.startswith(f"{first}/") for name in files):
            break
        above += f"{first}/"
        files = [name.removeprefix(f"{first}/") for name in files]
    return Listing(listing.source, files, above)


def _named(
    listing: Listing, field: str, of: DataField, table: Metadata | None
) -> Mapping[str, object] | None:
    """What is called by the field's name: by item."""
    ends, files = KINDS[of.kind].suffixes, listing.files
    found: dict[str, object] = {
        stem(name.removeprefix(f"{field}/")): InFile(name)
        for name in files
        if name.startswith(f"{field}/") and suffix_of(name) in ends
    }
    if found:
        return found
    for name in files:
        item = stem(name)
        if item.endswith(f".{field}") and suffix_of(name) in ends:
            found[item.removesuffix(f".{field}")] = InFile(name)
    if found:
        return found
    if table is None or (column := table.column(field)) is None:
        return None
    if of.kind in FILE:
        return _files_there(listing, table, column)
    return column


def _files_there(listing: Listing, table: Metadata, column: Mapping[str, object]) -> dict[str, object]:
    """The files that a column of a table names. Raises DataError for one that is not there."""
    there = set(listing.files)
    paths = {name: str(value) if value in there else form(str(value)) for name, value in column.items()}
    if missing := [path for path in paths.values() if path not in there]:
        raise DataError(
            f"{table.name} names {spelled(missing[0])}, which is not there" + and_more(missing),
            "correct the name",
        )
    return {name: InFile(path) for name, path in paths.items()}


def _left(wanted: Mapping[str, DataField], found: Collection[str]) -> str:
    """The field that files without its name are of: the one Image, else the one Signal or Volume that is left
    alone; labels may be left beside it. Empty where there is none.
    """
    left = [field for field, of in wanted.items() if field not in found and of.kind != "Label"]
    images = [field for field in left if wanted[field].kind == "Image"]
    (one, *others) = images or left or [""]
    return one if one and not others and wanted[one].kind in PLAIN else ""


def _plain_files(
    listing: Listing,
    table: Metadata | None,
    wanted: Mapping[str, DataField],
    found: Mapping[str, Mapping[str, object]],
    field: str,
) -> Mapping[str, object] | None:
    """The files that no field has by its name, as those of this one."""
    if table is not None:
        return _files_there(listing, table, table.files)
    taken = {one.path for own in found.values() for one in own.values() if isinstance(one, InFile)}
    ends = KINDS[wanted[field].kind].suffixes
    free = [name for name in listing.files if suffix_of(name) in ends and name not in taken]
    folders = {f"{one}/" for one in wanted}
    free = [name for name in free if not name.startswith(tuple(folders))]
    if wanted[field].kind != "Image" and any("." in stem(PurePosixPath(name).name) for name in free):
        return None  # `0001.left.npy` is of a field that has another name
    return {stem(name): InFile(name) for name in free} or None


def _stated(
    listing: Listing,
    wanted: Mapping[str, DataField],
    found: Mapping[str, Mapping[str, object]],
) -> Mapping[str, object] | None:
    """The classes of the set's labels file or class folders, by the images, signals or volumes of a field."""
    for field, own in found.items():
        if wanted[field].kind not in PLAIN:
            continue
        paths = {one.path: name for name, one in own.items() if isinstance(one, InFile)}
        ordered = sorted(paths)
        labels = listing.labels(ordered)
        if labels is not None:
            return {paths[path]: int(label) for path, label in zip(ordered, labels.numbers, strict=True)}
    return None


def _seen(files: Iterable[str]) -> set[str]:
    """What could be fields: folders, and parts of names."""
    found = set()
    for name in files:
        if "/" in name:
            found.add(name.partition("/")[0])
        elif "." in stem(PurePosixPath(name).name):
            found.add(stem(name).rpartition(".")[2])
    return found

"""Where images come from: one file for each kind of source, and the table of how a user names them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ...errors import DataError
from ...system.files import special
from .arrays import Arrays, mnist
from .base import EXTENSIONS, Decoded, Source
from .folder import Folder
from .hub import Hub
from .named import NamedArrays, npz
from .packed import INDEX, Pack
from .packed_fields import FieldsPack, is_of_fields
from .shards import Shards, shards_named, shards_of
from .zip import Zip

__all__ = [
    "Arrays",
    "Decoded",
    "FieldsPack",
    "Folder",
    "Hub",
    "NamedArrays",
    "Pack",
    "Shards",
    "Source",
    "Zip",
    "mnist",
    "open_source",
]

BUILT_IN: dict[str, Callable[[], Source]] = {"mnist": mnist}
KINDS = f"give a folder, a zip, *.tar shards, hf:NAME, or a built-in set: {', '.join(BUILT_IN)}"
A_FOLDER = "a folder"


def open_source(where: str | Path, images: bool = True) -> Source:
    """The source under a path, a pattern of shards, `hf:NAME` or a built-in name.

    Raises DataError where there are no `images`, which are wanted, or they can't be listed; MissingExtra.
    """
    try:
        source = _opened(str(where))
    except OSError as error:
        place = error.filename or where  # a folder below, perhaps
        raise DataError(
            f"can't open {place}: {(error.strerror or str(error)).lower()}", "check its path and its rights"
        ) from error
    if images and not source.images:
        raise DataError(f"no images in {where}", f"images end in {', '.join(sorted(EXTENSIONS))}")
    return source


def _opened(where: str) -> Source:
    if where in BUILT_IN:
        return BUILT_IN[where]()
    if where.startswith("hf:"):
        return Hub(where)
    if not where:
        raise DataError("no images at an empty path", KINDS)
    path = Path(where)
    if not path.exists():
        if where.endswith(".tar") and (shards := shards_named(where)):
            return Shards(where, shards)
        around = next((parent for parent in path.parents if parent.is_file()), None)
        if around is None:
            raise DataError(f"no images at {path}: it does not exist", KINDS)
        return Zip(around, path.relative_to(around).as_posix())
    kind = special(path)
    if kind == A_FOLDER:
        if os.path.lexists(path / INDEX):
            return FieldsPack(path) if is_of_fields(path) else Pack(path)
        folder = Folder(path)
        return Shards(where, shards) if not folder.images and (shards := shards_of(path)) else folder
    if kind is not None:
        raise DataError(f"no images at {path}: it is {kind}", KINDS)
    if path.suffix == ".npz":
        return npz(path)
    return Shards(where, [path]) if path.suffix == ".tar" else Zip(path)

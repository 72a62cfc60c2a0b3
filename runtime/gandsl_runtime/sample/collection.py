"""Images each in a file of its own, in a folder or a zip: how they are drawn is recorded beside them.

A second call that draws the same finds what is there; one that draws something else is refused.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from torch import Tensor

from ..data.pack import add
from ..errors import RuntimeFault, Unwritable, placed, room_for
from ..media import images
from ..system.files import read, special, sweep, whole, write

WRITERS = 16  # threads
ARRAY = ".npy"
RECORD, FORM = "samples.json", "samples/1"
Facts = Mapping[str, str | int | float | bool | None]


class DrawnOtherwise(RuntimeFault):
    """What is there was drawn in another way, or nobody knows how."""

    exit_code = 1


@dataclass(frozen=True)
class Collection:
    """Files `names` in the folder `path`, or in the zip `path`, for which a folder beside it gathers them.

    `facts`: all that the images depend on, by the names of options.
    """

    path: Path
    names: Sequence[str]
    facts: Facts

    @property
    def zipped(self) -> bool:
        """Whether the files end in a zip."""
        return self.path.suffix.lower() == ".zip"

    @property
    def folder(self) -> Path:
        """Where the files are until they are all there."""
        return self.path.with_name(f"{self.path.name}.parts") if self.zipped else self.path

    def begin(self) -> None:
        """Record what is drawn, where it is not; afterwards `missing` says what is to be done.

        Raises DrawnOtherwise where something else was recorded, or files have these names and nothing was;
        Unwritable.
        """
        kind = special(self.path)
        if kind and (self.zipped or kind != "a folder"):
            raise Unwritable(f"can't write {self.path}: it is {kind}", "give another name")
        record = self.folder / RECORD
        with room_for("images", self.folder), placed(self.folder):
            if special(record) or record.exists():
                self._check(_read(record))
                return
            if taken := next((name for name in self.names if (self.folder / name).exists()), None):
                raise DrawnOtherwise(
                    f"{self.folder} holds {taken} already, and no {RECORD} that says how it was drawn",
                    "give another folder, or remove what is there",
                )
            write(record, json.dumps({"gandsl": FORM, **self.facts}, indent=2, ensure_ascii=False) + "\n")

    def complete(self) -> bool:
        """Whether the zip is there, and is this one."""
        if not (self.zipped and self.path.is_file()):
            return False
        try:
            with zipfile.ZipFile(self.path) as archive:
                return bool(json.loads(archive.read(RECORD)) == {"gandsl": FORM, **self.facts})
        except (zipfile.BadZipFile, KeyError, ValueError, OSError, RuntimeError, NotImplementedError):
            return False

    def missing(self, within: slice = slice(None)) -> list[int]:
        """Which of the images are not there."""
        places = range(len(self.names))[within]
        return [place for place in places if not (self.folder / self.names[place]).exists()]

    def save(self, places: Sequence[int], rows: Tensor) -> None:
        """Write the files of these places, several at a time: each waits for the disk.

        Images are uint8 (N, c, h, w); a name in `.npy` takes the numbers as they are.
        """

        def one(place: int, row: Tensor) -> None:
            path = self.folder / self.names[place]
            if path.suffix != ARRAY:
                images.save(images.to_pillow(row), path)
                return
            with whole(path) as new, new.open("wb") as file:
                np.lib.format.write_array(file, row.numpy(), allow_pickle=False)

        with room_for("images", self.folder), ThreadPoolExecutor(WRITERS) as pool:
            for _ in pool.map(one, places, rows):
                pass

    def finish(self) -> None:
        """Pack all files into the zip, where there is to be one; then the folder beside it goes."""
        if not self.zipped:
            return
        try:
            if not self.complete():
                self._pack()
        except FileNotFoundError:
            if not self.complete():  # another process was faster
                raise
        for name in (*self.names, RECORD):
            (self.folder / name).unlink(missing_ok=True)
        inner = {above for name in self.names for above in PurePosixPath(name).parents} - {PurePosixPath()}
        for folder in sorted(inner, key=lambda one: len(one.parts), reverse=True):
            with suppress(OSError):  # somebody else's file is in it
                (self.folder / folder).rmdir()
        sweep(self.folder)
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _pack(self) -> None:
        with (
            room_for("the zip", self.path.parent),
            whole(self.path) as new,
            zipfile.ZipFile(new, "w", zipfile.ZIP_STORED) as archive,
        ):
            for name in (*self.names, RECORD):
                add(archive, name, read(self.folder / name))

    def _check(self, found: Mapping[str, Any]) -> None:
        now = {"gandsl": FORM, **self.facts}
        other = [key for key in {**now, **found} if found.get(key) != now.get(key)]
        if not other:
            return
        said = "; ".join(f"{key} {_shown(found.get(key))}, now {_shown(now.get(key))}" for key in other)
        raise DrawnOtherwise(
            f"the images in {self.folder} were drawn otherwise: {said}", "give another folder, or remove it"
        )


def _read(record: Path) -> dict[str, Any]:
    try:
        found = json.loads(read(record))
    except (ValueError, RecursionError) as error:
        found = error
    if not isinstance(found, dict):
        raise DrawnOtherwise(
            f"{record}, which says how the images beside it were drawn, can't be read",
            "give another folder, or remove this one",
        )
    return found


def _shown(value: object) -> str:
    """A value as its option's, at most so long."""
    text = "not given" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:37]}…"

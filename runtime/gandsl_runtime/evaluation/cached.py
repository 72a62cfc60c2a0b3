"""Features that were made once, in the user's cache folder, under the pixels and the extractor they are of.

A piece is kept as soon as it is made: who is killed loses the piece at work, and who evaluates the same
images at the same time waits for each piece rather than make it again. What the files of a set held is
remembered with their sizes and times, so that they need not be decoded to find that out. A file that is
damaged is as good as none.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import time
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..errors import NO_ROOM, RuntimeFault
from ..system.files import write
from ..system.home import cache_folder
from .extractors import Extractor
from .pieces import Piece
from .sources import ImageSet, Lasting

FORM = 1  # of the files, and of what resize and extractors compute
MOST_BYTES = 8 << 30  # of features; those that were not asked for the longest go
DAMAGED = (OSError, ValueError, LookupError, EOFError, TypeError, zipfile.BadZipFile, zlib.error)
DAY = 86400.0


class FeatureCache:
    """What one extractor made of images. `folder`: another one than the user's."""

    def __init__(self, extractor: Extractor, folder: Path | None = None) -> None:
        self._facts, self._root = extractor.facts, folder or cache_folder("features")
        conditions = {**asdict(self._facts), "torch": torch.__version__, "on": extractor.device.type}
        key = hashlib.sha256(json.dumps([FORM, conditions], sort_keys=True).encode()).hexdigest()[:32]
        self._folder, self._known = self._root / key, self._root / "known"
        self.remarks: list[str] = []  # why nothing is kept any more
        self._changed = False

    def get(self, content: bytes, count: int) -> Piece | None:
        """The piece of these pixels, of so many images, where it is there whole."""
        path = self._path(content)
        with suppress(*DAMAGED):
            with np.load(path, allow_pickle=False) as found:
                features = found["features"]
                logits = found["logits"] if "logits" in found.files else None
            wanted = [(count, self._facts.features)]
            if self._facts.classes is not None:
                wanted.append((count, self._facts.classes))
            arrays = [features] if logits is None else [features, logits]
            if [one.shape for one in arrays] == wanted and all(one.dtype == np.float32 for one in arrays):
                with suppress(OSError):
                    os.utime(path)
                return Piece(content, features, logits)
        return None

    def put(self, piece: Piece) -> None:
        """Keep a piece, as long as there is room."""
        arrays: dict[str, Any] = {"features": piece.features}
        if piece.logits is not None:
            arrays["logits"] = piece.logits
        with self._if_possible():
            file = io.BytesIO()
            np.savez(file, **arrays)
            write(self._path(piece.content), file.getvalue())
            self._changed = True

    @contextmanager
    def alone(self, content: bytes) -> Iterator[None]:
        """In the block no other process of this machine makes the same piece; it waits for one that does."""
        path = self._path(content).with_suffix(".lock")
        handle = None
        with self._if_possible():  # nor where the file system knows no locks
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            yield
        finally:
            if handle is not None:
                path.unlink(missing_ok=True)
                os.close(handle)

    def contents(self, images: ImageSet) -> tuple[list[bytes], tuple[str, ...]] | None:
        """The digest of each piece of a set, and its remarks, if its files are as they were at that time."""
        if (path := self._note(images)) is None:
            return None
        with suppress(*DAMAGED):
            found = json.loads(path.read_text("utf-8"))
            contents = [bytes.fromhex(one) for one in found["contents"]]
            return contents, tuple(str(one) for one in found["remarks"])
        return None

    def remember(self, images: ImageSet, contents: Iterable[bytes], remarks: Iterable[str]) -> None:
        """Note what a set's files hold, where that can be told by their times."""
        if (path := self._note(images)) is not None:
            with self._if_possible():
                note = {"contents": [one.hex() for one in contents], "remarks": list(remarks)}
                write(path, json.dumps(note))

    def shrink(self, most: int = MOST_BYTES) -> None:
        """Forget what is too much, and what killed processes left behind a day ago, if this one kept some."""
        kept = []
        for path in self._root.rglob("*") if self._changed else ():
            with suppress(OSError):  # another process may have been first
                about = path.stat()
                if path.suffix in (".npz", ".json"):
                    kept.append((about.st_mtime, about.st_size, path))
                elif path.is_file() and time.time() - about.st_mtime > DAY:
                    path.unlink()
        size = sum(one for _, one, _ in kept)
        for _, one, path in sorted(kept):
            if size <= most:
                break
            with suppress(OSError):
                path.unlink()
                size -= one

    def _path(self, content: bytes) -> Path:
        return self._folder / f"{content.hex()}.npz"

    def _note(self, images: ImageSet) -> Path | None:
        stamp = images.stamp() if isinstance(images, Lasting) else None
        if stamp is None:
            return None
        return self._known / f"{hashlib.sha256(stamp.encode(errors='surrogateescape')).hexdigest()[:32]}.json"

    @contextmanager
    def _if_possible(self) -> Iterator[None]:
        """A cache that can't be written is said once, in a remark."""
        try:
            yield
        except (OSError, RuntimeFault) as error:
            if not self.remarks:
                full = isinstance(error, OSError) and error.errno in NO_ROOM
                why = "the disk is full" if full else str(error).splitlines()[0]
                self.remarks.append(f"features are not kept in {self._root}: {why}")

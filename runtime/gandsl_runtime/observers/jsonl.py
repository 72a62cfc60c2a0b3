"""The log: one JSON object a line."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from ..runs.debris import moved
from ..system.files import write
from .base import Observer, Record

if TYPE_CHECKING:
    from .base import Run


class JsonLog(Observer):
    """Appends each record.

    A resumed run first drops the lines that are past its checkpoint, since it writes them again.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: TextIO | None = None

    def begin(self, run: Run) -> None:
        if self.path.exists():
            self._begin_again(run)
        self._open()

    def _begin_again(self, run: Run) -> None:
        lines = self.path.read_bytes().split(b"\n")
        places = [_images(line) for line in lines]
        if unreadable := places[:-1].count(None):  # what a kill cut short is the last one, and no news
            before = moved(self.path)
            run.warn(
                f"{unreadable} of {len(lines) - 1} lines of {self.path} can't be read: the log goes on "
                f"without them, and {before.name} is as it was"
            )
        now = run.state.clock.images
        kept = [line for line, at in zip(lines, places, strict=True) if at is not None and at <= now]
        write(self.path, b"".join(line + b"\n" for line in kept))

    def logged(self, record: Record, run: Run) -> None:
        assert self._file is not None
        if os.fstat(self._file.fileno()).st_nlink == 0:
            self._file.close()
            self._open()
            run.warn(f"{self.path} was removed: it begins anew, without what was in it")
        self._file.write(json.dumps(record) + "\n")
        self._file.flush()

    def saving(self, run: Run) -> None:
        if self._file is not None:
            os.fsync(self._file.fileno())

    def end(self, run: Run) -> None:
        if self._file is not None:
            with suppress(OSError):  # on a full disk the rest of a line fails again, after it was reported
                self._file.close()
            self._file = None

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("a", encoding="utf-8")


def _images(line: bytes) -> float | None:
    """Where a record stands; None for what is none."""
    try:
        images = json.loads(line.decode())["images"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return images if isinstance(images, int | float) and not isinstance(images, bool) else None

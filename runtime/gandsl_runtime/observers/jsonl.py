"""The log: one JSON object a line."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from ..files import write
from .base import Observer, Record

if TYPE_CHECKING:
    from ..trainer import Trainer


class JsonLog(Observer):
    """Appends each record.

    A resumed run first drops the lines that are past its checkpoint, since it writes them again.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: TextIO | None = None

    def begin(self, run: Trainer) -> None:
        if self.path.exists():
            lines = self.path.read_text(encoding="utf-8").splitlines()
            kept = [line for line in lines if _images(line) <= run.state.clock.images]
            write(self.path, "".join(f"{line}\n" for line in kept))
        self._open()

    def logged(self, record: Record, run: Trainer) -> None:
        assert self._file is not None
        if os.fstat(self._file.fileno()).st_nlink == 0:
            self._file.close()
            self._open()
            run.warn(f"{self.path} was removed: it begins anew, without what was in it")
        self._file.write(json.dumps(record) + "\n")
        self._file.flush()

    def saving(self, run: Trainer) -> None:
        if self._file is not None:
            os.fsync(self._file.fileno())

    def end(self, run: Trainer) -> None:
        if self._file is not None:
            with suppress(OSError):  # on a full disk the rest of a line fails again, after it was reported
                self._file.close()
            self._file = None

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("a", encoding="utf-8")


def _images(line: str) -> float:
    """Where a line stands; one cut short by a full disk or a power failure goes."""
    try:
        return float(json.loads(line)["images"])
    except (ValueError, KeyError, TypeError):
        return float("inf")

"""The log: one JSON object a line."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from .base import Observer, Record

if TYPE_CHECKING:
    from ..trainer import Trainer


class JsonLog(Observer):
    """Appends each record with the seconds since the run (or its resume) began.

    A resumed run first drops the lines that are past its checkpoint, since it writes them again.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: TextIO | None = None

    def begin(self, run: Trainer) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.exists():
            kept = [
                line for line in self.path.read_text().splitlines() if _images(line) <= run.state.clock.images
            ]
            new = self.path.with_name(f".{self.path.name}.new")
            new.write_text("".join(f"{line}\n" for line in kept))
            new.replace(self.path)
        self._file = self.path.open("a", encoding="utf-8")
        self._began = time.monotonic()

    def logged(self, record: Record, run: Trainer) -> None:
        assert self._file is not None
        line = {**record, "seconds": round(time.monotonic() - self._began, 3)}
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()

    def end(self, run: Trainer) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _images(line: str) -> float:
    """Where a line stands; one cut short by a power failure goes."""
    try:
        return float(json.loads(line)["images"])
    except (ValueError, KeyError, TypeError):
        return float("inf")

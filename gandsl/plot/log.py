"""A run's log as curves: every name with its values by images shown; damaged lines are counted, not fatal."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gandsl_runtime.system.files import read

AXIS = "images"


@dataclass
class LoggedCurve:
    """Values by images shown, which rise; as many of both."""

    images: array[float] = field(default_factory=lambda: array("d"))
    values: array[float] = field(default_factory=lambda: array("d"))

    def __len__(self) -> int:
        return len(self.images)

    def add(self, images: float, value: float) -> None:
        self.images.append(images)
        self.values.append(value)


@dataclass
class Log:
    """All curves by name, and what of the file could not be used."""

    curves: dict[str, LoggedCurve] = field(default_factory=dict)
    records: int = 0
    damaged: int = 0  # lines that are no records
    lost: int = 0  # values that are no finite numbers

    @property
    def span(self) -> tuple[float, float]:
        """The images of the first record and of the last. Raises ValueError where there is none."""
        places = [place for curve in self.curves.values() for place in (curve.images[0], curve.images[-1])]
        return min(places), max(places)


def read_log(path: Path) -> Log:
    """The curves of a log.jsonl. Raises OSError.

    A last line without its end is what a run is just writing, or what a kill cut short: no damage.
    """
    with path.open("rb") as file:
        return log_of(file)


def log_of(lines: Iterable[bytes]) -> Log:
    """The curves of a log's lines."""
    log, last, in_order = Log(), -math.inf, True
    for line in lines:
        record = _record(line)
        if record is None:
            log.damaged += bool(line.strip()) and line.endswith(b"\n")
            continue
        images = float(record[AXIS])
        in_order &= images >= last
        last = images
        log.records += 1
        for name, value in _numbers(record):
            if math.isfinite(value):
                log.curves.setdefault(name, LoggedCurve()).add(images, value)
            else:
                log.lost += 1
    if not in_order:  # nothing of ours writes such a file, but a hand may have joined two
        log.curves = {name: _sorted(curve) for name, curve in log.curves.items()}
    return log


def objects(path: Path) -> tuple[list[dict[str, Any]], int]:
    """Every JSON object of a file of lines, and how many lines are none. Nothing where it is not there."""
    try:
        lines = read(path).split(b"\n")
    except OSError:
        return [], 0
    found = [_object(line) for line in lines if line.strip()]
    return [one for one in found if one is not None], found.count(None)


def _record(line: bytes) -> dict[str, Any] | None:
    record = _object(line)
    if record is None:
        return None
    images: Any = record.get(AXIS)
    return record if _finite(images) and images >= 0 else None


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _numbers(record: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """What is no number is counted as lost."""
    for name, value in record.items():
        if name != AXIS:
            yield printable(name), float(value) if _finite(value) else math.nan


def printable(text: str) -> str:
    """Text that UTF-8 can write: JSON and file names may hold halves of characters."""
    return text.encode("utf-8", "backslashreplace").decode()


def _finite(value: Any) -> bool:
    """Whether it is a number that a float can be."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond any float
        return False


def _sorted(curve: LoggedCurve) -> LoggedCurve:
    order = sorted(range(len(curve)), key=curve.images.__getitem__)
    return LoggedCurve(*(array("d", [column[i] for i in order]) for column in (curve.images, curve.values)))

"""What became of each entry: on disk as soon as it is known, counted at the end. A skip is no pass."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FORMAT = "gandsl-gpu-bench/1"
OK, FAILED, SKIPPED = "ok", "failed", "skipped"
CODES = {OK: 0, FAILED: 1, SKIPPED: 3}  # 2 is a command line that can't be
QUIET = ("kernels", "kinds", "phases")  # parts of what was found that one line has no room for


@dataclass(frozen=True)
class Row:
    """kind: of a skip, what such skips are counted as. why: of a failure or a skip."""

    name: str
    group: str
    status: str
    seconds: float = 0.0
    found: Mapping[str, Any] = field(default_factory=dict)
    kind: str = ""
    why: str = ""
    at: str = ""  # where it failed: the end of a traceback

    def line(self) -> str:
        """What is printed of it."""
        told = {key: value for key, value in self.found.items() if key not in QUIET}
        said = self.why or ", ".join(f"{key} {_short(value)}" for key, value in told.items())
        return f"{self.status:7} {self.seconds:5.1f} s  {self.name:58} {said[:240]}"


@dataclass
class Results:
    """Rows of a run, and the file that has them all. `facts`: of the run, such as its device."""

    path: Path
    facts: dict[str, Any] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)

    def add(self, row: Row) -> None:
        """Take a row, write the file anew, and print it."""
        self.rows.append(row)
        self.write()
        print(row.line(), flush=True)

    def write(self) -> None:
        aside = self.path.with_suffix(".new")
        told = {"format": FORMAT, **self.facts, "rows": [asdict(row) for row in self.rows]}
        aside.write_text(json.dumps(told, indent=1), "utf-8")
        os.replace(aside, self.path)

    @classmethod
    def read(cls, path: Path) -> Results:
        """Raises SystemExit for another file."""
        try:
            told = json.loads(path.read_text("utf-8"))
            if told.pop("format") != FORMAT:
                raise ValueError("of another format")
            rows = [Row(**row) for row in told.pop("rows")]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise SystemExit(f"{path} holds no results of bench.gpu: {error}") from error
        return cls(path, told, rows)

    def named(self, name: str) -> Row | None:
        """The row of an entry that was ok."""
        return next((row for row in self.rows if row.name == name and row.status == OK), None)

    def of(self, status: str) -> Iterator[Row]:
        return (row for row in self.rows if row.status == status)

    def last_line(self) -> str:
        """All three counts, and of the skips why."""
        counts = {status: len(list(self.of(status))) for status in (OK, FAILED, SKIPPED)}
        kinds = Counter(row.kind for row in self.of(SKIPPED))
        why = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        return ", ".join(f"{count} {status}" for status, count in counts.items()) + (
            f" ({why})" if why else ""
        )

    def code(self) -> int:
        """To exit with: 1 where something failed, or nothing ran; else 3 where something was skipped."""
        if any(self.of(FAILED)) or not any(self.of(OK)):
            return CODES[FAILED]
        return CODES[SKIPPED] if any(self.of(SKIPPED)) else CODES[OK]


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)

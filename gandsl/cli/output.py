"""How commands print: text for people within the terminal's width, versioned JSON for programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import IO, Any

WIDEST = 110  # wider terminals get no longer lines


def columns() -> int:
    """Characters a line may have; 80 where nobody says otherwise."""
    from shutil import get_terminal_size

    return min(get_terminal_size((80, 24)).columns, WIDEST)


def colored(stream: IO[str]) -> bool:
    """Whether to colour: on a terminal, unless NO_COLOR is set or the terminal is dumb; FORCE_COLOR wins."""
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def strong(text: str) -> str:
    """Bold on a terminal that takes it."""
    return f"\x1b[1m{text}\x1b[0m" if colored(sys.stdout) else text


def print_json(form: str, body: Mapping[str, Any]) -> None:
    """One object whose first field names form and version: `{"gandsl": "cost/1", …}` (docs/cli.md)."""
    from json import dumps

    print(dumps({"gandsl": form, **body}, indent=2, ensure_ascii=False))


def say(text: str) -> None:
    """A message beside the result: to standard error, so that a pipe gets the result alone."""
    print(text, file=sys.stderr)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], last: Sequence[str] | None = None) -> str:
    """Columns: the first to the left, the others to the right; `last` is a sum below a line."""
    everything = [head, *rows, *([last] if last else [])]
    widths = [max(len(row[index]) for row in everything) for index in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        first, *others = (
            cell.rjust(width) if index else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join([first, *others]).rstrip()

    lines = [strong(line(head)), *map(line, rows)]
    if last:
        lines += ["  ".join("─" * width for width in widths), line(last)]
    return "\n".join(lines)


def si(number: float, unit: str = "") -> str:
    """Three digits and a prefix: `30.4 M`, `1.02 TFLOP`; 0 as a dash."""
    return _scaled(number, 1000, ("", "k", "M", "G", "T", "P", "E"), unit)


def binary(number: float) -> str:
    """Bytes in powers of 1024: `12.5 MiB`."""
    return _scaled(number, 1024, ("", "Ki", "Mi", "Gi", "Ti", "Pi"), "B")


def _scaled(number: float, base: int, prefixes: Sequence[str], unit: str) -> str:
    if not number:
        return "–"
    step = 0
    while abs(number) >= base * 0.9995 and step < len(prefixes) - 1:
        number /= base
        step += 1
    if step == 0 and float(number).is_integer():
        digits = str(int(number))
    else:
        digits = f"{number:.{max(0, 2 - len(str(int(abs(number)))) + 1)}f}"
    suffix = prefixes[step] + unit
    return f"{digits} {suffix}" if suffix else digits

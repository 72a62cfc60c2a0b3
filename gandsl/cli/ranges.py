"""Numbers as one writes them on a command line: `0-63`, `1,5,9`, `0-3,8`; a pair as `0.3,-1`."""

from __future__ import annotations

import re
from collections.abc import Sequence

import typer

MOST = 100_000
_PART = re.compile(r"(\d{1,18})(?:-(\d{1,18}))?")


def written(found: Sequence[int]) -> str:
    """The text of numbers, as short as `numbers` reads it: `0-63`, `1,5,9`."""
    runs: list[list[int]] = []
    for number in found:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def numbers(text: str, what: str) -> list[int]:
    """The numbers of `text`, in its order. Raises typer.BadParameter."""
    found: list[int] = []
    for part in text.split(","):
        match = _PART.fullmatch(part.strip())
        if match is None:
            raise typer.BadParameter(f"{what}: write numbers such as 0-63 or 1,5,9, not `{text}`")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise typer.BadParameter(f"{what}: {first}-{last} runs backwards")
        if len(found) + last - first >= MOST:
            raise typer.BadParameter(f"{what}: more than {MOST}")
        found.extend(range(first, last + 1))
    return found


def pair(text: str, what: str) -> tuple[float, float]:
    """The two numbers of `text`. Raises typer.BadParameter."""
    try:
        first, second = (float(part) for part in text.split(","))
    except ValueError as error:
        raise typer.BadParameter(f"{what}: write two numbers such as 0.3,-1, not `{text}`") from error
    return first, second

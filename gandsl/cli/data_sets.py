"""`--data WHERE`, or `--data SET=WHERE` for each set of a game."""

from __future__ import annotations

import re

import typer

_NAMED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)


def named_sets(given: list[str]) -> str | dict[str, str] | None:
    """One place, or places by the names of sets; None where nothing is given. Raises BadParameter."""
    if not given:
        return None
    if len(given) == 1 and not _NAMED.fullmatch(given[0]):
        return given[0]
    found: dict[str, str] = {}
    for text in given:
        if (named := _NAMED.fullmatch(text)) is None:
            raise typer.BadParameter(
                f"--data {text}: several sets are given, and this does not say which it is: --data SET={text}"
            )
        if named[1] in found:
            raise typer.BadParameter(f"--data {named[1]}=… is given twice")
        found[named[1]] = named[2]
    return found

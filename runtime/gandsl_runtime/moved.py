"""Names of weights that a spec has moved: `moved: {old place: new place}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


def renamed(id_: str, moved: Mapping[str, str]) -> str:
    """The new place of an id: the longest moved path that it lies under is replaced."""
    parts = id_.split(".")
    for end in range(len(parts), 0, -1):
        place = moved.get(".".join(parts[:end]))
        if place is not None:
            return ".".join([place, *parts[end:]])
    return id_


def carried(things: Mapping[str, T], prefix: str, moved: Mapping[str, str]) -> dict[str, T]:
    """The same values by their new names: a name that begins with an old place gets the new one."""
    return {
        prefix + renamed(name.removeprefix(prefix), moved) if name.startswith(prefix) else name: thing
        for name, thing in things.items()
    }

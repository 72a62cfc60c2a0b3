"""What takes memory by known amounts, in a module that a new process imports in no time."""

from __future__ import annotations

import os
from collections.abc import Callable

MIB = 2**20


def held(pieces: int, megabytes: int, first: int) -> Callable[[], object]:
    """A turn that fills so many MiB in pieces; the first one also `first` MiB, which it lets go again."""
    left = [first]

    def turn() -> None:
        for more in [left.pop()] if left else []:
            filled(pieces, more)
        filled(pieces, megabytes)

    return turn


def filled(pieces: int, megabytes: int) -> None:
    kept = [bytearray(b"\1") * (megabytes * MIB // pieces) for _ in range(pieces)]
    assert len(kept) == pieces


def idle() -> Callable[[], object]:
    return lambda: None


def dies() -> Callable[[], object]:
    return lambda: os._exit(1)

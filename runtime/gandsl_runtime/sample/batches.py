"""What is drawn or made in batches that are the same whoever makes them when."""

from __future__ import annotations

from typing import Protocol

from ..programs import Images


class Batches(Protocol):
    """`Draws` of seeds, or what is `Fed` with items."""

    @property
    def batches(self) -> list[slice]:
        """Which places are made together."""
        ...

    def drawn(self, batch: slice) -> Images:
        """Each output [N, …] of one batch."""
        ...

"""A series of images, or of arrays, in files of their own: which batches are missing, how one is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from gandsl_runtime.programs import Images
    from gandsl_runtime.sample.batches import Batches
    from gandsl_runtime.sample.collection import Collection


@dataclass(frozen=True)
class Series:
    """What is to be made, and the files that it goes to, one each."""

    draws: Batches
    files: Collection
    rows: Callable[[Images], Tensor]  # what is written: uint8 (N, c, h, w), or numbers [N, …]

    def todo(self, share: tuple[int, int] = (0, 1)) -> list[int]:
        """The batches of which an image is missing; of several processes those of the one numbered."""
        number, of = share
        batches = list(enumerate(self.draws.batches))[number::of]
        return [index for index, batch in batches if self.files.missing(batch)]

    def draw(self, index: int) -> int:
        """Draw a batch, the whole of it so that its numbers are the same; write what is missing of it."""
        batch = self.draws.batches[index]
        drawn = self.rows(self.draws.drawn(batch))
        missing = self.files.missing(batch)
        self.files.save(missing, drawn[[place - batch.start for place in missing]])
        return len(missing)

"""A series of images in files of their own: which batches are missing, and how one is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from gandsl_runtime.programs import Images
    from gandsl_runtime.sample import Draws
    from gandsl_runtime.sample.collection import Collection


@dataclass(frozen=True)
class Series:
    """Images to be drawn, and the files that they go to, one each."""

    draws: Draws
    files: Collection
    pixels: Callable[[Images], Tensor]  # uint8 (N, c, h, w)

    def todo(self, share: tuple[int, int] = (0, 1)) -> list[int]:
        """The batches of which an image is missing; of several processes those of the one numbered."""
        number, of = share
        batches = list(enumerate(self.draws.batches))[number::of]
        return [index for index, batch in batches if self.files.missing(batch)]

    def draw(self, index: int) -> int:
        """Draw a batch, the whole of it so that its numbers are the same; write what is missing of it."""
        batch = self.draws.batches[index]
        drawn = self.pixels(self.draws.drawn(batch))
        missing = self.files.missing(batch)
        self.files.save(missing, drawn[[place - batch.start for place in missing]])
        return len(missing)

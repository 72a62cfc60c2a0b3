"""Samples as a set of images: drawn when they are asked for, and never all held."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..media.images import enlarged, to_pixels
from ..sample.batches import Batches
from .rgb import RGB, as_rgb
from .sources import Size


@dataclass(frozen=True)
class DrawnImages:
    """What a generator or translator makes, as files would hold it: one of its outputs, in bytes.

    `range`: the values of black and white. `shape`: (c, h, w) of that output.
    """

    name: str
    made: Batches
    shape: tuple[int, ...]
    range: tuple[float, float]
    labels: np.ndarray | None = None  # int64 (N,): the classes that were asked for
    output: int = -1

    @property
    def size(self) -> Size:
        return self.shape[1], self.shape[2]

    def __len__(self) -> int:
        batches = self.made.batches
        return batches[-1].stop if batches else 0

    def batch(self, begin: int, end: int) -> np.ndarray:
        """uint8 (end − begin, 3, h, w): of the batches that these images are in, drawn whole."""
        found = [
            self._pixels(one)[max(begin - one.start, 0) : end - one.start]
            for one in self.made.batches
            if one.start < end and begin < one.stop
        ]
        return np.ascontiguousarray(as_rgb(np.concatenate(found)))

    def _pixels(self, batch: slice) -> np.ndarray:
        """Of one batch; those of a level of growth before the last as large as those of the last."""
        return enlarged(to_pixels(self.made.drawn(batch)[self.output], *self.range), self.size).numpy()

    def remarks(self) -> tuple[str, ...]:
        return (f"{self.name} makes images that are {RGB[self.shape[0]]}",) if self.shape[0] in RGB else ()

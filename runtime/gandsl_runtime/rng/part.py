"""Which samples of a batch are handled at a time."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Part:
    """The samples start, start + step, … below `total` of a batch: what one process handles at a time.

    Batches are dealt in strides since statistics groups are strided too: a group that is whole in the batch
    is whole in one part.
    """

    start: int
    step: int
    total: int

    @classmethod
    def whole(cls, total: int) -> Part:
        """A batch that is not split."""
        return cls(0, 1, total)

    @property
    def places(self) -> range:
        """The places of the samples in the batch."""
        return range(self.start, self.total, self.step)

    @property  # not kept: Python 3.11 does that under a lock, which torch 2.11 can't compile
    def count(self) -> int:
        """The number of samples."""
        return len(range(self.start, self.total, self.step))

    def of(self, batch: Tensor) -> Tensor:
        """The rows [count, …] of [total, …]."""
        return batch[self.start :: self.step]

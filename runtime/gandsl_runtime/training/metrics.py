"""Means of what the steps measure, summed on the device: reading them is the only wait for it."""

from __future__ import annotations

import torch
from torch import Tensor

from ..distributed.group import ProcessGroup

Sums = dict[str, tuple[float, float]]  # by name: sum, weight


class MetricSums:
    """Weighted sums of named scalars."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._weights: dict[str, float] = {}

    def add(self, values: dict[str, Tensor], weight: float = 1) -> None:
        """Scalars that are means themselves, over `weight` samples."""
        for name, value in values.items():
            self._sums[name] = self._sums[name] + value * weight if name in self._sums else value * weight
            self._weights[name] = self._weights.get(name, 0) + weight

    def means(self, group: ProcessGroup) -> dict[str, float]:
        """The means over all processes so far, fetched at once."""
        return {name: total / weight for name, (total, weight) in self.sums(group).items()}

    def sums(self, group: ProcessGroup) -> Sums:
        """The sums over all processes so far, with their weights."""
        sums = torch.stack(list(self._sums.values())).tolist() if self._sums else []
        weighed = [(name, total, self._weights[name]) for name, total in zip(self._sums, sums, strict=True)]
        totals: Sums = {}
        for name, total, weight in (one for each in group.gathered(weighed) for one in each):
            before = totals.get(name, (0.0, 0.0))
            totals[name] = before[0] + total, before[1] + weight
        return totals

    def resume(self, sums: Sums, like: Tensor, group: ProcessGroup) -> None:
        """Go on from what `sums` gave; the tensors are of the type and on the device of `like`."""
        mine = sums if group.leads else {}
        self._sums = {name: like.new_tensor(total) for name, (total, _) in mine.items()}
        self._weights = {name: weight for name, (_, weight) in mine.items()}

    def clear(self) -> None:
        self._sums.clear()
        self._weights.clear()

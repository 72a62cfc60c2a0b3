"""Means of what the steps measure, summed on the device: reading them is the only wait for it."""

from __future__ import annotations

import torch
from torch import Tensor

from .world import World


class Meter:
    """Weighted sums of named scalars."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._weights: dict[str, float] = {}

    def add(self, values: dict[str, Tensor], weight: float = 1) -> None:
        """Scalars that are means themselves, over `weight` samples."""
        for name, value in values.items():
            self._sums[name] = self._sums[name] + value * weight if name in self._sums else value * weight
            self._weights[name] = self._weights.get(name, 0) + weight

    def means(self, world: World) -> dict[str, float]:
        """The means over all processes so far, fetched at once."""
        sums = torch.stack(list(self._sums.values())).tolist() if self._sums else []
        weighed = [(name, total, self._weights[name]) for name, total in zip(self._sums, sums, strict=True)]
        totals: dict[str, tuple[float, float]] = {}
        for name, total, weight in (one for each in world.gathered(weighed) for one in each):
            before = totals.get(name, (0.0, 0.0))
            totals[name] = before[0] + total, before[1] + weight
        return {name: total / weight for name, (total, weight) in totals.items()}

    def clear(self) -> None:
        self._sums.clear()
        self._weights.clear()

"""Means of what the steps measure, summed on the device: reading them is the only wait for it."""

from __future__ import annotations

import torch
from torch import Tensor


class Meter:
    """Sums of named scalars."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}

    def add(self, values: dict[str, Tensor]) -> None:
        for name, value in values.items():
            if name in self._sums:
                self._sums[name] += value
                self._counts[name] += 1
            else:
                self._sums[name], self._counts[name] = value.clone(), 1

    def means(self) -> dict[str, float]:
        """The means so far, fetched at once."""
        if not self._sums:
            return {}
        sums = torch.stack(list(self._sums.values())).tolist()
        return {name: total / self._counts[name] for name, total in zip(self._sums, sums, strict=True)}

    def clear(self) -> None:
        self._sums.clear()
        self._counts.clear()

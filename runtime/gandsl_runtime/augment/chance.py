"""Chance for augmentation: which transforms happen to which images."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ..chance import Draw, Part


class Chance(Draw):
    """Chance for one part of a batch of images: a Draw with the transforms of a pipe.

    `p`, a number or a scalar tensor, times the share that `pipe` gives a transform, is its chance for each
    image, and 1 at most.
    """

    def __init__(
        self,
        images: Tensor,
        pipe: Mapping[str, float],
        p: float | Tensor,
        part: Part,
        key: tuple[object, ...],
    ) -> None:
        super().__init__(images.device, images.dtype, part, *key)
        self.pipe = pipe
        self.p = p

    def __len__(self) -> int:
        return self.part.count

    def any_of(self, *names: str) -> bool:
        """Whether the pipe has one of these transforms."""
        return not self.pipe.keys().isdisjoint(names)

    def happens(self, name: str, rounds: int = 1) -> Tensor:
        """(n,) bool: for which images this transform is made, now; of `rounds` chances one comes with p."""
        if name not in self.pipe:
            return torch.zeros(len(self), device=self.device, dtype=torch.bool)
        p = self.p * self.pipe[name]
        p = p.clamp(max=1) if isinstance(p, Tensor) else min(p, 1.0)
        p = p if rounds == 1 else 1 - (1 - p) ** (1 / rounds)
        return self.uniform() < p

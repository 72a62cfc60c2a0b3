"""Draws for augmentation: functions of a key and of each sample's place in the whole batch, nothing else."""

from __future__ import annotations

import hashlib
from typing import NamedTuple, TypedDict

import torch
from torch import Tensor


class Part(NamedTuple):
    """Samples [begin, end) of a batch of `total`: the micro-batch that a draw is for."""

    begin: int
    end: int
    total: int


class _Like(TypedDict):
    device: torch.device
    dtype: torch.dtype


class Chance:
    """Chance for one micro-batch of images.

    Draws are made for the whole batch and cut, so that splitting it changes nothing; a resume has only to
    know the key. The global generators, from which layers draw, are left alone, and no draw waits for a
    device. `p`, a number or a scalar tensor, is the chance of each transform in `pipe` for each image.
    """

    def __init__(
        self, images: Tensor, pipe: frozenset[str], p: float | Tensor, part: Part, key: tuple[object, ...]
    ) -> None:
        self.pipe, self.part = pipe, part
        self.p = p.clamp(max=1) if isinstance(p, Tensor) else min(p, 1.0)
        self._like: _Like = {"device": images.device, "dtype": images.dtype}
        self._key = key
        self._generator = self._seeded(key)

    def __len__(self) -> int:
        return self.part.end - self.part.begin

    def any_of(self, *names: str) -> bool:
        """Whether the pipe has one of these transforms."""
        return not self.pipe.isdisjoint(names)

    def happens(self, name: str, rounds: int = 1) -> Tensor:
        """(n,) bool: for which images this transform is made, now; of `rounds` chances one comes with p."""
        if name not in self.pipe:
            return torch.zeros(len(self), device=self._like["device"], dtype=torch.bool)
        p = self.p if rounds == 1 else 1 - (1 - self.p) ** (1 / rounds)
        return self.uniform() < p

    def uniform(self, *shape: int) -> Tensor:
        """(n, *shape) from [0, 1)."""
        return self._cut(torch.empty(self._whole(shape), **self._like).uniform_(generator=self._generator))

    def normal(self, *shape: int) -> Tensor:
        """(n, *shape) from N(0, 1)."""
        return self._cut(torch.empty(self._whole(shape), **self._like).normal_(generator=self._generator))

    def integers(self, low: int, high: int) -> Tensor:
        """(n,) int64 from low to high, both included."""
        drawn = torch.empty(self.part.total, device=self._like["device"], dtype=torch.int64)
        return self._cut(drawn.random_(low, high + 1, generator=self._generator))

    def noise(self, images: Tensor) -> Tensor:
        """N(0, 1) for each pixel, as `images`: of each image's own generator, none is drawn to be cut."""
        noise = torch.empty_like(images)
        for place, image in enumerate(noise, self.part.begin):
            image.normal_(generator=self._seeded((*self._key, place)))
        return noise

    def _whole(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (self.part.total, *shape)

    def _cut(self, drawn: Tensor) -> Tensor:
        return drawn[self.part.begin : self.part.end]

    def _seeded(self, key: tuple[object, ...]) -> torch.Generator:
        digest = hashlib.blake2b(repr(key).encode(), digest_size=8).digest()
        return torch.Generator(self._like["device"]).manual_seed(int.from_bytes(digest, "little") >> 1)

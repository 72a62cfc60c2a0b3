"""Chance: every draw is a pure function of a key and of each sample's place in the whole batch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .network import Port


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

    @property
    def count(self) -> int:
        """The number of samples."""
        return len(self.places)

    def of(self, batch: Tensor) -> Tensor:
        """The rows [count, …] of [total, …]."""
        return batch[self.start :: self.step]


class Draw:
    """Chance for one part of a batch.

    Small draws are made for the whole batch and cut, large ones by a generator for each sample, so that
    splitting the batch over micro-batches and processes changes nothing; and nothing has to be saved for a
    resume, which only has to know the key. No draw waits for a device. Layers that draw for themselves ask
    for the `active` draw.
    """

    def __init__(self, device: torch.device, dtype: torch.dtype, part: Part, *key: object) -> None:
        self.device, self.dtype, self.part, self.key = device, dtype, part, key
        self.generator = self._seeded(seed_of(key))
        self.calls = 0  # of layers: a computation that is repeated in the backward pass sets it back

    def latent(self, port: Port) -> Tensor:
        """[n, *shape] from the port's distribution: normal, uniform on [-1, 1), or normal within ±2."""
        z = torch.empty(self.part.total, *port.shape, device=self.device, dtype=self.dtype)
        return self.part.of(DISTRIBUTIONS[port.distribution or "normal"](z, self.generator))

    def uniform(self, *shape: int) -> Tensor:
        """[n, *shape] from [0, 1)."""
        return self.part.of(self._empty(shape).uniform_(generator=self.generator)).contiguous()

    def normal(self, *shape: int) -> Tensor:
        """[n, *shape] from N(0, 1)."""
        return self.part.of(self._empty(shape).normal_(generator=self.generator))

    def integers(self, low: int, high: int) -> Tensor:
        """[n] int64 from low to high, both included."""
        drawn = torch.empty(self.part.total, device=self.device, dtype=torch.int64)
        return self.part.of(drawn.random_(low, high + 1, generator=self.generator))

    def labels(self, cumulative: Tensor) -> Tensor:
        """[n] int64 from a distribution given by its cumulative sums."""
        return torch.searchsorted(cumulative, self.uniform(), right=True).clamp_(max=len(cumulative) - 1)

    def normal_like(self, x: Tensor) -> Tensor:
        """N(0, 1) in x's form [n, …]."""
        return self._each(torch.empty_like(x), "normal_")

    def uniform_like(self, x: Tensor) -> Tensor:
        """Uniform on [0, 1) in x's form [n, …]."""
        return self._each(torch.empty_like(x), "uniform_")

    def once(self, per: str) -> Draw:
        """Chance for what is drawn once `per` sample, micro_batch or batch."""
        if per == "sample":
            return self
        key = (*self.key, per, *([self.part.start] if per == "micro_batch" else []))
        return Draw(self.device, self.dtype, Part.whole(1), *key)

    def _each(self, rows: Tensor, fill: str) -> Tensor:
        call, self.calls = self.calls, self.calls + 1
        base = seed_of((self.key, "noise", call))
        for place, row in zip(self.part.places, rows, strict=True):
            getattr(row, fill)(generator=self._seeded(_mixed(base + place)))
        return rows

    def _seeded(self, seed: int) -> torch.Generator:
        return torch.Generator(self.device).manual_seed(seed)

    def _empty(self, shape: tuple[int, ...]) -> Tensor:
        return torch.empty(self.part.total, *shape, device=self.device, dtype=self.dtype)


DISTRIBUTIONS: dict[str, Any] = {
    "normal": lambda z, generator: z.normal_(generator=generator),
    "uniform": lambda z, generator: z.uniform_(-1, 1, generator=generator),
    "truncated_normal": lambda z, generator: torch.nn.init.trunc_normal_(z, a=-2, b=2, generator=generator),
}


def seed_of(key: tuple[object, ...]) -> int:
    """63 bits from whatever a key says."""
    return int.from_bytes(hashlib.blake2b(repr(key).encode(), digest_size=8).digest(), "little") >> 1


def _mixed(x: int) -> int:
    """63 bits that look unlike those of x + 1 (the finalizer of SplitMix64, Steele et al. 2014)."""
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & _MASK
    return (x ^ (x >> 31)) >> 1


_MASK = (1 << 64) - 1

_active: list[Any] = []  # of Draw, or Drawn


@contextmanager
def drawing(draw: Draw) -> Iterator[None]:
    """Inside the block layers draw from `draw`, and torch's global generators are seeded from its key."""
    seed = seed_of((draw.key, draw.part.start))
    torch.default_generator.manual_seed(seed)  # for what draws from nothing else
    if draw.device.type == "cuda":
        torch.cuda.manual_seed(seed)
    _active.append(draw)
    try:
        yield
    finally:
        _active.pop()


class Drawn:
    """In place of a draw: what its layers are going to ask for, drawn before."""

    def __init__(self, part: Part, given: list[Tensor]) -> None:
        self.part, self.given, self.calls = part, given, 0

    def normal_like(self, x: Tensor) -> Tensor:
        """The next of what was drawn."""
        self.calls += 1
        return self.given[self.calls - 1]

    uniform_like = normal_like


@contextmanager
def drawn(draw: Draw, given: list[Tensor]) -> Iterator[None]:
    """Inside the block layers that would draw from `draw` take what is given, in order."""
    _active.append(Drawn(draw.part, given))
    try:
        yield
    finally:
        _active.pop()


def innermost() -> Draw | None:
    """The draw of the block; None outside."""
    return _active[-1] if _active else None


@contextmanager
def repeating(draw: Draw | None, calls: int) -> Iterator[None]:
    """Inside the block layers draw what they drew from `draw` after so many calls; none of it counts."""
    if draw is None:
        yield
        return
    now, draw.calls = draw.calls, calls
    _active.append(draw)
    try:
        yield
    finally:
        _active.pop()
        draw.calls = now


def active(count: int) -> Draw | None:
    """The draw of the block, for layers that see `count` samples; None outside, or for another count."""
    return _active[-1] if _active and _active[-1].part.count == count else None

"""Which image comes n-th: a function of the seed and n, so that a run resumes anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np


class Pick(NamedTuple):
    """One image of the stream."""

    image: int
    flipped: bool


class Picks(NamedTuple):
    """Several."""

    images: np.ndarray  # int64 (n,)
    flipped: np.ndarray  # bool (n,)


@dataclass
class ShuffledOrder:
    """The order of the images: each epoch shows every image once, shuffled by (seed, epoch)."""

    count: int
    seed: int
    flip: bool
    _epoch: int = field(default=-1, init=False)

    def pick(self, position: int) -> Pick:
        """The image at a position of the endless stream."""
        epoch, place = divmod(position, self.count)
        if epoch != self._epoch:
            self._shuffled, self._flipped = _shuffled(self.count, self.flip, self.seed, epoch)
            self._epoch = epoch
        return Pick(int(self._shuffled[place]), bool(self._flipped[place]))

    def picks(self, position: int, places: Sequence[int]) -> Picks:
        """The images at `places` of the batch that begins at a position."""
        epochs, within = np.divmod(position + _numbers(places), self.count)
        if len(within) and epochs[0] == epochs[-1]:  # places rise
            self.pick(int(epochs[0]) * self.count)  # which draws the epoch
            return Picks(self._shuffled[within], self._flipped[within])
        found = Picks(np.empty(len(within), dtype=np.int64), np.empty(len(within), dtype=bool))
        for epoch in set(epochs.tolist()):  # two at most, unless the set is smaller than a batch
            self.pick(epoch * self.count)  # which draws the epoch
            now = epochs == epoch
            found.images[now] = self._shuffled[within[now]]
            found.flipped[now] = self._flipped[within[now]]
        return found


@dataclass
class Balanced:
    """The order that draws classes evenly: a round shows one image of each, shuffled by (seed, round).

    Of n images, n/k ± 1 are of each of the k classes. A class has epochs of its own: as many rounds as it has
    images show each of them once, shuffled by (seed, epoch, class).
    """

    labels: np.ndarray  # int64 (n,)
    seed: int
    flip: bool
    _round: int = field(default=-1, init=False)

    def __post_init__(self) -> None:
        classes = np.unique(self.labels, return_inverse=True)[1]
        by_class = np.argsort(classes, kind="stable")
        self._members = np.split(by_class, np.cumsum(np.bincount(classes))[:-1])
        self._epochs: dict[int, tuple[int, np.ndarray, np.ndarray]] = {}  # class → epoch, order, mirrored

    def pick(self, position: int) -> Pick:
        """The image at a position of the endless stream."""
        count = len(self._members)
        round, turn = divmod(position, count)
        if round != self._round:
            self._turns, _ = _shuffled(count, False, self.seed, round, 1)
            self._round = round
        drawn = int(self._turns[turn])
        members = self._members[drawn]
        epoch, place = divmod(round, len(members))
        if drawn not in self._epochs or self._epochs[drawn][0] != epoch:
            self._epochs[drawn] = epoch, *_shuffled(len(members), self.flip, self.seed, epoch, 2 + drawn)
        _, order, flipped = self._epochs[drawn]
        return Pick(int(members[order[place]]), bool(flipped[place]))

    def picks(self, position: int, places: Sequence[int]) -> Picks:
        """The images at `places` of the batch that begins at a position."""
        images, flipped = zip(*(self.pick(position + place) for place in places), strict=True)
        return Picks(np.array(images, dtype=np.int64), np.array(flipped))


def _numbers(places: Sequence[int]) -> np.ndarray:
    if isinstance(places, range):  # as an array of its numbers, one by one, it takes ten times as long
        return np.arange(places.start, places.stop, places.step, dtype=np.int64)
    return np.asarray(places, dtype=np.int64)


def _shuffled(count: int, flip: bool, *key: int) -> tuple[np.ndarray, np.ndarray]:
    """An order of so many things, and which of them are mirrored, drawn by a key."""
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))
    order = rng.permutation(count)
    return order, rng.random(count) < 0.5 if flip else np.zeros(count, dtype=bool)

"""Which image comes n-th: a function of the seed and n, so that a run resumes anywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
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
    partners: dict[str, Picks] = {}  # of fields that another item alike has: by what they share
    keys: np.ndarray | None = None  # int64 (n, words): of what is drawn for each, where something is


@dataclass
class ShuffledOrder:
    """The order of the images: each epoch shows every image once, shuffled by (seed, epoch)."""

    count: int
    seed: int
    flip: bool
    stream: tuple[int, ...] = ()  # words that tell it from other streams of the same seed
    _epoch: int = field(default=-1, init=False)

    def pick(self, position: int) -> Pick:
        """The image at a position of the endless stream."""
        epoch, place = divmod(position, self.count)
        if epoch != self._epoch:
            self._shuffled, self._flipped = _shuffled(self.count, self.flip, self.seed, epoch, *self.stream)
            self._epoch = epoch
        return Pick(int(self._shuffled[place]), bool(self._flipped[place]))

    def picks(self, position: int, places: Sequence[int]) -> Picks:
        """The images at `places` of the batch that begins at a position."""
        if isinstance(places, range) and places:  # places rise: one epoch holds all that lie between its ends
            epoch, first = divmod(position + places[0], self.count)
            if epoch == (position + places[-1]) // self.count:
                self.pick(epoch * self.count)  # which draws the epoch
                those = slice(first, first + len(places) * places.step, places.step)
                return Picks(self._shuffled[those].copy(), self._flipped[those].copy())
        epochs, within = np.divmod(position + _numbers(places), self.count)
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
    stream: tuple[int, ...] = ()  # words that tell it from other streams of the same seed
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
            self._turns, _ = _shuffled(count, False, self.seed, round, 1, *self.stream)
            self._round = round
        drawn = int(self._turns[turn])
        members = self._members[drawn]
        epoch, place = divmod(round, len(members))
        if drawn not in self._epochs or self._epochs[drawn][0] != epoch:
            self._epochs[drawn] = (
                epoch,
                *_shuffled(len(members), self.flip, self.seed, epoch, 2 + drawn, *self.stream),
            )
        _, order, flipped = self._epochs[drawn]
        return Pick(int(members[order[place]]), bool(flipped[place]))

    def picks(self, position: int, places: Sequence[int]) -> Picks:
        """The images at `places` of the batch that begins at a position."""
        images, flipped = zip(*(self.pick(position + place) for place in places), strict=True)
        return Picks(np.array(images, dtype=np.int64), np.array(flipped))


@dataclass
class Partnered:
    """An order whose items have partners, drawn from those alike, by (seed, place in the stream, field)."""

    order: ShuffledOrder | Balanced
    alike: Mapping[str, np.ndarray]  # by field: int64 (n,), the same for items that may be partners
    seed: int
    flip: bool

    def __post_init__(self) -> None:
        self._members = {field: _Members.of(values) for field, values in self.alike.items()}
        self._drawn: dict[str, tuple[int, np.ndarray]] = {}  # field → block, what is drawn for its places

    def pick(self, position: int) -> Pick:
        """The item itself at a position of the endless stream."""
        return self.order.pick(position)

    def picks(self, position: int, places: Sequence[int]) -> Picks:
        """The items at `places` of the batch that begins at a position, and their partners."""
        own = self.order.picks(position, places)
        positions = position + _numbers(places)
        return own._replace(
            partners={field: self._partners(field, own.images, positions) for field in self.alike}
        )

    def _partners(self, field: str, items: np.ndarray, positions: np.ndarray) -> Picks:
        drawn = np.array([self._draws(field, int(at)) for at in positions]).reshape(-1, 2)
        flipped = (drawn[:, 1] < 0.5) & self.flip
        return Picks(self._members[field].other(items, drawn[:, 0]), flipped)

    def _draws(self, field: str, position: int) -> np.ndarray:
        """Two numbers in [0, 1) for a place of the stream: which partner, and whether it is mirrored."""
        block, place = divmod(position, BLOCK)
        if field not in self._drawn or self._drawn[field][0] != block:
            key = (self.seed, block, 1, *self.order.stream, *words(f"partner/{field}"))
            rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))
            self._drawn[field] = block, rng.random((BLOCK, 2))
        found: np.ndarray = self._drawn[field][1][place]
        return found


@dataclass
class Keyed:
    """An order that gives each item a key for what else is drawn of it: of (seed, stream, place in it)."""

    order: ShuffledOrder | Balanced | Partnered
    key: tuple[int, ...]

    def pick(self, position: int) -> Pick:
        """The item itself at a position of the endless stream."""
        return self.order.pick(position)

    def picks(self, position: int, places: Sequence[int]) -> Picks:
        """The items at `places` of the batch that begins at a position, and their keys."""
        keys = [(*self.key, int(at)) for at in position + _numbers(places)]
        found = np.array(keys, dtype=np.int64).reshape(-1, len(self.key) + 1)
        return self.order.picks(position, places)._replace(keys=found)


class _Members(NamedTuple):
    """Items by what they share."""

    ordered: np.ndarray  # items, those alike together
    start: np.ndarray  # of each item's group among these
    size: np.ndarray  # of each item's group
    rank: np.ndarray  # of each item in its group

    @classmethod
    def of(cls, values: np.ndarray) -> _Members:
        _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
        ordered = np.argsort(group, kind="stable")
        starts = np.cumsum(counts) - counts
        rank = np.empty_like(ordered)
        rank[ordered] = np.arange(len(values)) - starts[group[ordered]]
        return cls(ordered, starts[group], counts[group], rank)

    def other(self, items: np.ndarray, chance: np.ndarray) -> np.ndarray:
        """Another item alike for each, all of them as often; an item that is alone is its own."""
        count = self.size[items]
        step = np.where(count > 1, 1 + (chance * (count - 1)).astype(np.int64), 0)
        found: np.ndarray = self.ordered[self.start[items] + (self.rank[items] + step) % count]
        return found


BLOCK = 1024  # places of a stream whose draws for partners are made together


def words(name: str) -> tuple[int, ...]:
    """What tells a stream of this name from others in the key of a draw; none for the one without a name."""
    if not name:
        return ()
    digest = hashlib.blake2b(name.encode(), digest_size=16).digest()
    return tuple(int.from_bytes(digest[at : at + 4], "little") | 1 for at in range(0, 16, 4))


def _numbers(places: Sequence[int]) -> np.ndarray:
    if isinstance(places, range):  # as an array of its numbers, one by one, it takes ten times as long
        return np.arange(places.start, places.stop, places.step, dtype=np.int64)
    return np.asarray(places, dtype=np.int64)


def _shuffled(count: int, flip: bool, *key: int) -> tuple[np.ndarray, np.ndarray]:
    """An order of so many things, and which of them are mirrored, drawn by a key."""
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))
    order = rng.permutation(count)
    return order, rng.random(count) < 0.5 if flip else np.zeros(count, dtype=bool)

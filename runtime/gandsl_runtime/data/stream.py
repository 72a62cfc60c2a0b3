"""An endless, shuffled, resumable stream of batches."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from multiprocessing import Event
from multiprocessing.synchronize import Event as EventType
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

from ..errors import DataError
from ..plan.game import DataField
from ..system.pasted import pasted
from ..system.signals import CAUGHT
from .dataset import Dataset
from .order import Balanced, Keyed, Partnered, Picks, ShuffledOrder, words
from .readers import QUEUED
from .sources.base import shown
from .table import FieldTable, room_of

Order = ShuffledOrder | Balanced | Partnered | Keyed
Deal = Callable[[int], Sequence[int]]  # the number of images of a batch → places of those to read
MIRRORED = 1 << 20  # bytes at a time: what is mirrored stays in the processor's cache
WARNINGS = 10  # broken images that a run tells of by name


class RealBatch(NamedTuple):
    """Images uint8 (N, c, h, w) and labels int64 (N,), or None."""

    images: Tensor
    labels: Tensor | None

    def moved(self, move: Callable[[Tensor], Tensor]) -> RealBatch:
        """With each tensor in another place."""
        return RealBatch(move(self.images), None if self.labels is None else move(self.labels))

    def tensors(self) -> Iterator[Tensor]:
        """All of them."""
        yield from (part for part in self if part is not None)

    def of(self, fields: Mapping[str, DataField]) -> Mapping[str, Tensor]:
        """By the names of plain fields."""
        found = {name: self.images if of.kind == "Image" else self.labels for name, of in fields.items()}
        return {name: tensor for name, tensor in found.items() if tensor is not None}


class FieldBatch(dict[str, Tensor]):
    """Fields of items by name, [N, …] as a table has them."""

    def moved(self, move: Callable[[Tensor], Tensor]) -> FieldBatch:
        """With each tensor in another place."""
        return FieldBatch((name, move(tensor)) for name, tensor in self.items())

    def tensors(self) -> Iterator[Tensor]:
        """All of them."""
        yield from self.values()

    def of(self, fields: Mapping[str, DataField]) -> Mapping[str, Tensor]:
        """By name."""
        return {name: self[name] for name in fields}


Batch = RealBatch | FieldBatch


class _Items(TorchDataset[Any]):
    """What a worker runs. A fault is handed back as a value: raised in a worker it would lose its remedy."""

    def __init__(self, dataset: Dataset | FieldTable) -> None:
        self.dataset = dataset

    def __getitems__(self, picks: Picks) -> Loaded | DataError:
        try:
            return load(self.dataset, picks)
        except DataError as fault:
            return fault


class Loaded(NamedTuple):
    """A batch, and the broken images that others replace in it, with the reason."""

    batch: Batch
    skipped: dict[str, str]


def load(dataset: Dataset | FieldTable, picks: Picks, pinned: bool = False) -> Loaded:
    """Copy or decode a batch; pinned, into memory that a GPU reads by itself."""
    skipped: dict[str, str] = {}
    if isinstance(dataset, FieldTable):
        return Loaded(_fields(dataset, picks, pinned, skipped), skipped)
    rows, images = _room((len(picks.images), *dataset.shape), np.dtype(np.uint8), pinned)
    used = fill(dataset, picks, rows, skipped)
    labels = None
    if dataset.labels is not None:
        numbers, labels = _room((len(used),), np.dtype(np.int64), pinned)
        numbers[:] = dataset.labels[used]
    return Loaded(RealBatch(images, labels), skipped)


def _fields(table: FieldTable, picks: Picks, pinned: bool, skipped: dict[str, str]) -> FieldBatch:
    rooms = {}
    for name, of in table.fields.items():
        shape, dtype = room_of(of)
        rooms[name] = _room((len(picks.images), *shape), dtype, pinned)
    rows = {name: room[0] for name, room in rooms.items()}
    for part in table.parts:
        some = picks.partners[part] if part else picks
        table.fill(part, some.images, some.flipped, rows, skipped, picks.keys)
    return FieldBatch((name, room[1]) for name, room in rooms.items())


def _room(shape: tuple[int, ...], dtype: np.dtype[Any], pinned: bool) -> tuple[np.ndarray, Tensor]:
    """New memory, as an array and as a tensor."""
    if not pinned:
        rows = np.empty(shape, dtype)
        return rows, torch.from_numpy(rows)
    there = torch.empty(shape, dtype=getattr(torch, dtype.name), pin_memory=True)
    return there.numpy(), there


def fill(dataset: Dataset, picks: Picks, into: np.ndarray, skipped: dict[str, str]) -> np.ndarray:
    """Copy or decode images into uint8 (n, c, h, w), mirrored where they are picked so; their places."""
    used = dataset.batch(picks.images, into, skipped)
    if picks.flipped.any():
        _mirror(into, np.flatnonzero(picks.flipped))
    return used


def _mirror(images: np.ndarray, chosen: np.ndarray) -> None:
    """Some of uint8 (n, c, h, w), left to right, in place: where widths allow, eight pixels at a time."""
    wide = images if images.shape[-1] % 8 else images.view(np.uint64)
    swapped = wide.view(wide.dtype.newbyteorder())  # copied to the other, eight pixels are turned around
    at_a_time = max(MIRRORED // images[0].nbytes, 1)
    for begin in range(0, len(chosen), at_a_time):
        some = chosen[begin : begin + at_a_time]
        wide[some] = swapped.take(some, axis=0)[..., ::-1]


class Stream:
    """Batches from a position on; `workers` processes read ahead.

    Of several processes each reads the images alone that `deal` gives it. Streams of one seed with another
    `key` are shuffled apart.
    """

    def __init__(
        self,
        dataset: Dataset | FieldTable,
        seed: int,
        flip: bool = False,
        workers: int = 0,
        position: int = 0,
        pinned: bool = False,
        deal: Deal = range,
        warn: Callable[[str], None] = warnings.warn,
        key: str = "",
    ) -> None:
        self.dataset, self.position, self._deal = dataset, position, deal
        order: ShuffledOrder | Balanced = (
            ShuffledOrder(len(dataset), seed, flip, words(key))
            if dataset.groups is None
            else Balanced(dataset.groups, seed, flip, words(key))
        )
        self._order: Order = order
        if isinstance(dataset, FieldTable) and dataset.alike:
            self._order = Partnered(order, dataset.alike, seed, flip)
        if isinstance(dataset, FieldTable) and dataset.computed:
            self._order = Keyed(self._order, (seed, *words(key)))
        self._workers, self._pinned = workers, pinned
        self._ahead: tuple[int, Iterator[Any]] | None = None  # batch size, loader
        self._closing = Event()
        self._warn, self._told = warn, set[str]()

    def take(self, count: int) -> Any:
        """This process's share of the next `count` items, a Batch: RealBatch of a Dataset, else FieldBatch.

        Raises DataError naming what can't be read.
        """
        loaded = self.read(count)
        self.tell(loaded.skipped)
        return loaded.batch

    def read(self, count: int) -> Loaded:
        """As `take`, without a warning about broken images that others replace."""
        if self._workers:
            self.start(count)
            loaded = self._made_ahead()
        else:
            loaded = load(self.dataset, self.picks(self.position, count), self._pinned)
        self.position += count
        return loaded

    def start(self, count: int) -> None:
        """Have the workers make batches of `count` from here on, if they do not yet."""
        if self._workers and (self._ahead is None or self._ahead[0] != count):  # growth changes the batch
            self.close()
            self._ahead = count, iter(self._loader(count))

    def close(self) -> None:
        """End the workers."""
        self._closing.set()
        self._ahead = None

    def picks(self, position: int, count: int) -> Picks:
        """This process's share of `count` images from a position on."""
        return self._order.picks(position, self._deal(count))

    def tell(self, skipped: dict[str, str]) -> None:
        """Warn of each broken image once, and of no more than a few."""
        for image in [image for image in skipped if image not in self._told]:
            self._told.add(image)
            if len(self._told) <= WARNINGS:
                name, why = f"{shown(image)} of {self.dataset.name}", skipped[image]
                self._warn(f"can't read {name}: {why}; the next image takes its place")
            elif len(self._told) == WARNINGS + 1:
                command = pasted("data", "inspect", self.dataset.name)
                self._warn(f"more images can't be read, and are skipped too: `{command}` lists them")

    def _made_ahead(self) -> Loaded:
        assert self._ahead is not None
        with workers_watched():
            batch = next(self._ahead[1])
        if isinstance(batch, DataError):
            raise batch
        assert isinstance(batch, Loaded)
        return batch

    def _loader(self, count: int) -> DataLoader[Any]:
        self._closing = Event()
        return DataLoader(
            _Items(self.dataset),
            batch_sampler=_Batches(replace(self._order), self.position, count, self._deal(count)),
            num_workers=self._workers,
            collate_fn=_as_it_is,
            worker_init_fn=partial(_leave_signals_to_the_trainer, os.getpid(), self._closing),
            pin_memory=self._pinned,
            prefetch_factor=QUEUED,
        )


@contextmanager
def workers_watched() -> Iterator[None]:
    """Raises DataError where a worker dies (out of memory, say): torch says so wherever the trainer is."""
    try:
        yield
    except RuntimeError as error:
        if not str(error).startswith("DataLoader worker"):
            raise
        raise DataError(f"a data worker died: {error}", "take fewer workers, or none") from error


class _Batches:
    """The picks of each batch from a position on, at its `places`, without end."""

    def __init__(self, order: Order, position: int, count: int, places: Sequence[int]) -> None:
        self.order, self.position, self.count, self.places = order, position, count, places

    def __iter__(self) -> Iterator[Any]:
        position = self.position
        while True:
            yield self.order.picks(position, self.places)
            position += self.count


def _as_it_is(batch: Any) -> Any:
    return batch


def _leave_signals_to_the_trainer(trainer: int, closing: EventType, _: int) -> None:
    """Ctrl-C, a hangup, a scheduler's SIGTERM reach every process, some of them twice: the trainer needs its
    workers to finish the step. SIGTERM ends a worker only where torch sends it to one that is to end.
    """
    for number in CAUGHT:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(
        signal.SIGTERM, lambda *_: os._exit(0) if closing.is_set() or os.getppid() != trainer else None
    )

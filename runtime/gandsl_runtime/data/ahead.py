"""The next batch is read, and copied to the GPU, while the last one is used."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

import torch

from .stream import Batch, Loaded, Stream


class Sent(NamedTuple):
    """A batch on its way, and what tells that it has come."""

    batch: Any  # a Batch
    there: Any = None


class Carrier(Protocol):
    """What brings batches to where they are used."""

    def at_work(self) -> AbstractContextManager[Any]:
        """Inside, a thread reads and sends."""

    def send(self, batch: Any) -> Sent:
        """Begin to copy; returns at once."""

    def receive(self, sent: Sent) -> Any:
        """What is computed from now on may use the batch."""


class ToCard:
    """Copies on a stream of its own, so that they take place beside what the GPU computes."""

    def __init__(self, device: torch.device) -> None:
        self._device, self._side = device, torch.cuda.Stream(device)

    def at_work(self) -> AbstractContextManager[Any]:
        return torch.cuda.stream(self._side)  # its GPU is the thread's as well: pinned memory belongs to it

    def send(self, batch: Batch) -> Sent:
        # from pinned memory, which torch keeps until the copy is done
        moved = batch.moved(lambda tensor: tensor.to(self._device, non_blocking=True))
        there = torch.cuda.Event()
        there.record(self._side)
        return Sent(moved, there)

    def receive(self, sent: Sent) -> Batch:
        now = torch.cuda.current_stream(self._device)
        now.wait_event(sent.there)  # the GPU waits, the CPU goes on
        for part in sent.batch.tensors():  # the other stream's memory, back when `now` is done with it
            part.record_stream(now)
        return sent.batch


class Ahead:
    """A stream of which one batch is always ahead. `position` counts what was taken, and nothing else.

    So a run that is stopped here goes on with what it has not used, and a fault or a warning about an image
    comes with its batch.
    """

    def __init__(self, stream: Stream, carrier: Carrier) -> None:
        self._stream, self._carrier, self.position = stream, carrier, stream.position
        self._pool: ThreadPoolExecutor | None = None
        self._next: tuple[int, int, Future[tuple[Loaded, Sent]]] | None = None  # position, count

    def take(self, count: int) -> Any:
        """This process's share of the next `count` images. Raises DataError naming what can't be read."""
        if self._next is None or self._next[:2] != (self.position, count):
            self.close()
            self._stream.position = self.position
            self._begin(count)
        assert self._next is not None
        *_, coming = self._next
        self._next = None
        loaded, sent = coming.result()
        self.position += count
        self._stream.tell(loaded.skipped)
        self._begin(count)
        return self._carrier.receive(sent)

    def close(self) -> None:
        """End the thread and the workers; what is ahead is forgotten."""
        self._next = None
        if self._pool:
            self._pool.shutdown()  # which waits
        self._pool = None
        self._stream.close()

    def _begin(self, count: int) -> None:
        self._stream.start(count)  # torch hears of workers that die where they are started by the main thread
        self._pool = self._pool or ThreadPoolExecutor(1, "next batch")
        self._next = self.position, count, self._pool.submit(self._bring, count)

    def _bring(self, count: int) -> tuple[Loaded, Sent]:
        with self._carrier.at_work():
            loaded = self._stream.read(count)
            return loaded, self._carrier.send(loaded.batch)

"""One function over all images of a source, in several processes, with the results in order."""

from __future__ import annotations

import os
import signal
import warnings
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import Event
from multiprocessing.synchronize import Event as EventType
from typing import Any, Protocol, TypeVar

from ..errors import DataError
from ..system.signals import CAUGHT, held


class Listed(Protocol):
    """What has items by number: a source, a table."""

    @property
    def name(self) -> str:
        """For messages."""
        ...

    @property
    def images(self) -> Sequence[str]:
        """What the items are called."""
        ...


S = TypeVar("S", bound=Listed)
T = TypeVar("T")
AT_A_TIME = 8  # images a process is given together
AHEAD = 2  # pieces of work for each process that may wait for it or for the reader of the results


def processors() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def over_images(source: S, work: Callable[[S, int], T], workers: int) -> Generator[T]:
    """`work(source, index)` for each image, in their order; in this process where `workers` is below 2.

    At most 16 results a process wait in memory. Raises what `work` raises; DataError when a process dies.
    """
    count = len(source.images)
    if workers < 2 or count <= AT_A_TIME:
        for index in range(count):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Pillow's, of odd but readable files
                result = work(source, index)
            yield result
        return
    pieces = iter([range(begin, min(begin + AT_A_TIME, count)) for begin in range(0, count, AT_A_TIME)])
    stopped = Event()
    pool = ProcessPoolExecutor(workers, initializer=_begin, initargs=(source, stopped))
    waiting: deque[Future[list[T]]] = deque()
    try:
        while True:
            with held():  # in the middle of it, processes would be left that nobody ends
                while len(waiting) < AHEAD * workers and (piece := next(pieces, None)) is not None:
                    waiting.append(pool.submit(_piece, work, piece))
            if not waiting:
                break
            yield from waiting.popleft().result()
    except BrokenProcessPool as error:
        raise DataError(
            f"a process that read {source.name} was killed, perhaps for want of memory",
            "try again with --workers 0: the message then names the image",
        ) from error
    finally:
        with held():
            stopped.set()
            pool.shutdown(cancel_futures=True)


_given: tuple[Any, EventType]  # of a worker process: sent once, not with each piece


def _begin(source: Listed, stopped: EventType) -> None:
    global _given
    _given = source, stopped
    for number in CAUGHT:  # a terminal sends its signals to all: they are the parent's to answer
        signal.signal(number, signal.SIG_DFL if number == signal.SIGTERM else signal.SIG_IGN)
    warnings.simplefilter("ignore")


def _piece(work: Callable[[Any, int], T], indices: Sequence[int]) -> list[T]:
    source, stopped = _given
    return [work(source, index) for index in indices if not stopped.is_set()]

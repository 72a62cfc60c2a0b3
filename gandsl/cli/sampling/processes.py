"""Several processes that draw the batches of one series: whoever is free is given the next."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection

from gandsl.cli.sampling.order import SamplingOrder
from gandsl_runtime.errors import RuntimeFault
from gandsl_runtime.system.signals import CAUGHT, held

GONE = (EOFError, ConnectionError)  # what a pipe says whose other end is closed


class Failed(RuntimeFault):
    """A process that draws met a fault: this one stands for it."""

    def __init__(self, message: str, remedy: str, exit_code: int) -> None:
        super().__init__(message, remedy)
        self.exit_code = exit_code

    def __reduce__(self) -> tuple[type[Failed], tuple[str, str, int]]:
        return Failed, (self.message, self.remedy, self.exit_code)


def draw(order: SamplingOrder, batches: Sequence[int], told: Callable[[int], None]) -> None:
    """Draw these batches; `told` hears how many images each has brought.

    Each process reads the spec and the weights itself, takes its share of the cores and, where there are
    GPUs, the one of its number. Raises Failed, and what a process raises.
    """
    waiting = iter(batches)
    with _started(order, min(order.ask.processes, len(batches))) as workers, _lost():
        for worker in workers:
            worker.send(next(waiting))
        busy = {*workers}
        while busy:
            for ready in connection.wait(busy):
                worker = next(each for each in busy if each is ready)
                found = worker.recv()
                if isinstance(found, Exception):
                    raise found
                told(found)
                if (batch := next(waiting, None)) is None:
                    busy.discard(worker)
                else:
                    worker.send(batch)


@contextmanager
def _started(order: SamplingOrder, count: int) -> Iterator[list[Connection]]:
    """A pipe to each of so many processes; at the end of the block they finish their batch, and end."""
    context = get_context("spawn")  # CUDA does not outlive a fork, nor do torch's threads
    pipes, processes = [], []
    try:
        with held():  # in the middle of it, processes would be left that nobody ends
            for number in range(count):
                ours, theirs = context.Pipe()
                process = context.Process(target=_work, args=(order, number, count, theirs), daemon=True)
                process.start()
                theirs.close()  # else nobody would see that the process is gone
                pipes.append(ours)
                processes.append(process)
        yield pipes
    finally:
        for pipe in pipes:
            pipe.close()
        for process in processes:
            process.join()


@contextmanager
def _lost() -> Iterator[None]:
    try:
        yield
    except GONE as error:
        raise Failed(
            "a process that drew images was killed, perhaps for want of memory",
            "the same call goes on; give fewer --processes, or a smaller --batch",
            1,
        ) from error


# ---- in a process of its own ----------


def _work(order: SamplingOrder, number: int, of: int, parent: Connection) -> None:
    """Draw what the parent says, batch by batch, until it closes the pipe, or is gone."""
    for each in CAUGHT:  # a terminal sends its signals to all: they are the parent's to answer
        signal.signal(each, signal.SIG_DFL if each == signal.SIGTERM else signal.SIG_IGN)
    with suppress(*GONE):
        first = parent.recv()
        for found in _drawn(_placed(order, number, of), _asked(first, parent)):
            parent.send(found)


def _asked(batch: int, parent: Connection) -> Iterator[int]:
    while True:
        yield batch
        batch = parent.recv()


def _drawn(order: SamplingOrder, batches: Iterator[int]) -> Iterator[int | Exception]:
    """How many images each batch brought; or, once and at the end, what went wrong."""
    try:
        series = order.series()
        series.files.begin()  # does it still say the same, if the weights have changed meanwhile?
        for batch in batches:
            yield series.draw(batch)
    except GONE:
        raise
    except RuntimeFault as fault:  # itself it does not always survive the way
        yield Failed(fault.message, fault.remedy, fault.exit_code)
    # Whatever else it is, the parent raises it there, where it is told; raised here, it would look like a
    # process that was killed.
    except Exception as error:  # noqa: BLE001  # nothing is swallowed: the parent raises what comes through
        yield error


def _placed(order: SamplingOrder, number: int, of: int) -> SamplingOrder:
    """On a device and with threads of its own."""
    import torch

    torch.set_num_threads(max(1, torch.get_num_threads() // of))
    if order.device in ("auto", "cuda") and torch.cuda.is_available():
        return replace(order, device=f"cuda:{number % torch.cuda.device_count()}")
    return order

"""Several processes that draw the batches of one series: each takes the next that nobody has."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing import connection, get_context, parent_process
from typing import TYPE_CHECKING, Any

from gandsl.cli.sampling.order import Order
from gandsl_runtime.errors import RuntimeFault
from gandsl_runtime.signals import CAUGHT, held

if TYPE_CHECKING:
    from gandsl.cli.sampling.series import Series


class Failed(RuntimeFault):
    """A process that draws met a fault; it stands for that one here."""

    def __init__(self, message: str, remedy: str, exit_code: int) -> None:
        super().__init__(message, remedy)
        self.exit_code = exit_code


@dataclass(frozen=True)
class _Fault:
    message: str
    remedy: str
    exit_code: int


def draw(order: Order, batches: Sequence[int], told: Callable[[int], None]) -> None:
    """Draw these batches; `told` hears how many images each has brought. Raises Failed.

    Each process reads the spec and the weights itself, takes its share of the cores and, where there are
    GPUs, the one of its number.
    """
    context = get_context("spawn")  # CUDA does not outlive a fork, nor do torch's threads
    count = min(order.ask.processes, len(batches))
    pool = ProcessPoolExecutor(count, context, _begin, (order, context.Value("i", 0), count))
    try:
        futures = []
        for batch in batches:
            with held():  # in the middle of it, processes would be left that nobody ends
                futures.append(pool.submit(_draw, batch))
        for future in as_completed(futures):
            found = future.result()
            if isinstance(found, _Fault):
                raise Failed(found.message, found.remedy, found.exit_code)
            told(found)
    except BrokenProcessPool as error:
        raise Failed(
            "a process that drew images was killed, perhaps for want of memory",
            "the same call goes on; give fewer --processes, or a smaller --batch",
            1,
        ) from error
    finally:
        with held():
            pool.shutdown(cancel_futures=True)


# ---- in a process of the pool ----------

_order: Order
_series: Series | None = None


def _begin(order: Order, number: Any, of: int) -> None:
    global _order
    _order = order
    with number.get_lock():
        place = number.value
        number.value += 1
    for each in CAUGHT:  # a terminal sends its signals to all: they are the parent's to answer
        signal.signal(each, signal.SIG_DFL if each == signal.SIGTERM else signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import torch

    torch.set_num_threads(max(1, torch.get_num_threads() // of))
    if order.device in ("auto", "cuda") and torch.cuda.is_available():
        _order = replace(order, device=f"cuda:{place % torch.cuda.device_count()}")


def _end_with_parent() -> None:
    """A parent that was killed tells nobody, and the pool would wait for it for ever."""
    if parent := parent_process():
        connection.wait([parent.sentinel])
        os._exit(1)


def _draw(batch: int) -> int | _Fault:
    global _series
    try:
        if _series is None:
            _series = _order.studio().series(_order.ask)
            _series.files.begin()
        return _series.draw(batch)
    except RuntimeFault as fault:  # itself it does not always survive the way
        return _Fault(fault.message, fault.remedy, fault.exit_code)

"""What benches measure with: process seconds, peak memory, intervals; a figure that cannot be is refused.

A bench that reads its instrument wrong must fail, not print a good figure. So each figure passes through
`figure` with the bounds between which it can lie at all, whatever it ought to be.
"""

from __future__ import annotations

import ctypes
import gc
import math
import multiprocessing
import os
import resource
import time
from collections.abc import Callable, Iterator, Sequence, Sized
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np

T = TypeVar("T", bound=Sized)

FURTHEST = 20.0
"""Two programs of the same work are not further apart; a ratio that is says that one of them did not run."""
RESAMPLES = 2000
MAPPED = {"MALLOC_MMAP_THRESHOLD_": str(2**16), "MALLOC_TRIM_THRESHOLD_": str(2**16)}
"""glibc then gives back at once what is freed: a threshold that is set does not grow with what is freed."""


def figure(what: str, value: float, *, above: float = 0.0, most: float = math.inf) -> float:
    """`value`, where it is finite, above `above` and at most `most`. Raises SystemExit where it is not."""
    if not (math.isfinite(value) and above < value <= most):
        raise SystemExit(
            f"the measurement is broken: {what} is {value:g}, and can only be above {above:g}"
            + (f" and at most {most:g}" if most < math.inf else "")
        )
    return value


def ratio(what: str, mine: float, theirs: float) -> float:
    """Of two figures for the same work. Raises SystemExit where one of them cannot be."""
    figure(what, theirs)
    return figure(f"the ratio of {what}", mine / theirs, above=1 / FURTHEST, most=FURTHEST)


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Where the median of what turns gave lies, with 95 % of certainty.

    Of the medians of RESAMPLES drawings with replacement (Efron 1979, "Bootstrap methods: another look at the
    jackknife"); few turns that lie apart make it wide. Raises SystemExit where there is no turn, or one that
    is no number.
    """
    turns = np.array([figure("a turn", value, above=-math.inf) for value in some("turns", values)])
    drawn = np.random.default_rng(0).choice(turns, (RESAMPLES, len(turns)))
    low, high = np.quantile(np.median(drawn, axis=1), (0.025, 0.975))
    return float(low), float(high)


def some(what: str, found: T) -> T:
    """What was found, where anything was: nothing measured is no success. Raises SystemExit."""
    if not len(found):
        raise SystemExit(f"nothing was measured: there are no {what}")
    return found


def spent(take: Callable[[], object], times: int = 1) -> float:
    """Seconds of this process for one call, the mean of `times`. Raises SystemExit where they cannot be.

    All threads of the process count, so that they are at most the clock's seconds times the cores.
    """
    began, busy = time.perf_counter(), time.process_time()
    for _ in range(times):
        take()
    busy, passed = time.process_time() - busy, time.perf_counter() - began
    most = 1.05 * passed * (os.cpu_count() or 1) + 0.02  # the two clocks tick apart
    return figure("a process's time", busy, most=most) / times


# --- memory -----------------------------------------------------------------------------------------


def added(build: Callable[[], Callable[[], object]]) -> int:
    """Bytes that the second call of what `build` makes adds to its process, at its fullest moment.

    A process of its own builds it and does nothing else. What the first call freed is given back before the
    second is looked at: the allocator would fill the second's needs from it, and they would read as nothing.
    """
    receive, send = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=_add, args=(build, send))
    with _environment(MAPPED):
        process.start()
    send.close()
    try:
        found = receive.recv()
    except EOFError:
        raise SystemExit("the measurement is broken: its process ended without a figure") from None
    finally:
        process.join()
    return int(figure("memory that a step adds", found))


def _add(build: Callable[[], Callable[[], object]], send: multiprocessing.connection.Connection) -> None:
    turn = build()
    turn()
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    before = resident()
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    turn()
    lines = Path("/proc/self/status").read_text().splitlines()
    send.send(next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")) - before)


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@contextmanager
def _environment(more: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)

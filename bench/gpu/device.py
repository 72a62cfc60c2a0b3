"""The device under measurement: its clock, its memory, waiting for it, and how each entry finds it."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from bench.figures import figure, resident, some
from bench.gpu.entry import Setting

CLOCKS_APART = 1.10
"""A GPU's clock and the host's, of the same work; and marks cost something themselves."""


def fresh(setting: Setting) -> None:
    """What an entry left behind is gone, and torch is set as it sets itself."""
    if "_dynamo" in dir(torch):
        torch._dynamo.reset()
    gc.collect()
    torch.manual_seed(0)
    torch.set_num_threads(setting.threads)
    exact()
    torch.backends.cudnn.benchmark = False
    if setting.cuda:
        torch.cuda.synchronize()
        torch.cuda.empty_cache()


def exact() -> None:
    """No rounding of the factors of float32 products."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False


def wait(setting: Setting) -> None:
    """Until the device has done all that it was given."""
    if setting.cuda:
        torch.cuda.synchronize()


class Timer:
    """Milliseconds of named parts of what a device does, by its own clock; on a CPU by the host's."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._pairs: dict[str, list[tuple[Any, Any]]] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """What the device is given in the block."""
        before = self._mark()
        yield
        self._pairs.setdefault(name, []).append((before, self._mark()))

    def read(self) -> dict[str, float]:
        """Milliseconds of all parts since the last reading, those of one name together; waits for the device.

        Raises SystemExit where there is no part, or one that took no time or ended before it began.
        """
        wait(self._setting)
        pairs, self._pairs = some("parts that were timed", self._pairs), {}
        return {
            name: sum(figure(f"the time of {name}, in ms", self._between(*pair), most=1e7) for pair in of)
            for name, of in pairs.items()
        }

    def _mark(self) -> Any:
        if not self._setting.cuda:
            return time.perf_counter()
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    def _between(self, before: Any, after: Any) -> float:
        return before.elapsed_time(after) if self._setting.cuda else (after - before) * 1e3


def milliseconds(setting: Setting, work: Callable[[], object], times: int = 10) -> float:
    """Of one call, the mean of so many in a row, after two that warm up."""
    work(), work()
    timer = Timer(setting)
    wait(setting)
    began = time.perf_counter()
    with timer.part("calls"):
        for _ in range(times):
            work()
    found = timer.read()["calls"]
    passed = (time.perf_counter() - began) * 1e3
    return figure("the device's time, in ms", found, most=CLOCKS_APART * passed + 1) / times


class Peak:
    """The most bytes that tensors held since it was made; on a CPU, that the process held."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        if setting.cuda:
            torch.cuda.reset_peak_memory_stats()
        self._seen = 0

    def look(self) -> None:
        """On a CPU there is no peak to be read back: it is looked at now and then."""
        self._seen = max(self._seen, 0 if self._setting.cuda else resident())

    def read(self, least: int) -> int:
        """Raises SystemExit for less than `least`, which is known to be held."""
        self.look()
        found = torch.cuda.max_memory_allocated() if self._setting.cuda else self._seen
        return int(figure("the peak of memory, in bytes", found, above=max(least - 1, 0)))

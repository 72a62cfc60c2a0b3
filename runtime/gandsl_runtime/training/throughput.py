"""How fast a run is and what memory it takes, as values of the log."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ..plan.schedule import Clock

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # getrusage: bytes there, KiB on Linux


class Throughput:
    """Measures from one record of the log to the next; `seconds` counts the sessions before this one too."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.resume(0.0)

    def resume(self, seconds: float) -> None:
        """Go on after so many seconds of earlier sessions."""
        self._began = time.monotonic() - seconds
        self.begin(Clock())

    def begin(self, clock: Clock) -> None:
        """The first step follows."""
        self._mark = time.monotonic(), clock.images

    @contextmanager
    def paused(self) -> Iterator[None]:
        """What is done inside the block is no training: it does not count as slow."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._mark = self._mark[0] + time.monotonic() - began, self._mark[1]

    @property
    def seconds(self) -> float:
        """Since the run began, less the pauses between its sessions."""
        return time.monotonic() - self._began

    def record(self, clock: Clock) -> dict[str, float]:
        """Seconds so far; speed since the last record, all that was written in between included; memory."""
        now, images = time.monotonic(), clock.images
        before, shown = self._mark
        self._mark = now, images
        passed, count = max(now - before, 1e-9), images - shown
        speed = {
            "time/seconds": round(self.seconds, 3),
            "time/images_per_second": round(count / passed, 3),
            "time/seconds_per_kimg": round(1000 * passed / max(count, 1), 3),
        }
        return speed | {name: round(bytes_ / 2**30, 3) for name, bytes_ in self._memory().items()}

    def _memory(self) -> dict[str, float]:
        """Highest so far, in bytes: this process's in RAM, torch's on the GPU."""
        found = {"memory/ram": float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT)}
        if self._device.type == "cuda":
            found["memory/gpu"] = float(torch.cuda.max_memory_allocated(self._device))
        return found

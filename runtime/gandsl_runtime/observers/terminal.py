"""The terminal: a live view, or a line now and then where the output is no terminal."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .base import Observer, Record
from .opening import opening
from .progress import Progress

if TYPE_CHECKING:
    from ..plan.schedule import Step
    from .base import Run

SECONDS_BETWEEN_RECORDS = 10.0  # that are told as lines
MOST_SECONDS_OF_SILENCE = 30.0


class Terminal(Observer):
    """What the run is, then progress, speed, memory, losses, rates, level and time left; on standard error.

    Off a terminal a line every 30 seconds says that it goes on, whatever it is at: a step, a grid, a compile.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._live: Any = None
        self._clock = clock
        self._introduced = False
        self._record_at = float("-inf")  # told last
        self._said_at = clock()
        self._watch: Watch | None = None

    def begin(self, run: Run) -> None:
        name = str(run.run_dir) if run.run_dir else "training"
        lazy = {label: ratio for label, (_, ratio) in run.state.rates(run.state.now()).items()}
        self._progress = Progress(name, run.plan.length, run.state.levels, run.state.clock, lazy)
        self._first = run.plan.cadence.log
        if not self._introduced:  # a run that the guard takes back begins again
            self._introduced, self._began_at = True, self._clock()
            for line in opening(run):
                self._say(line)
        if sys.stderr is None or not sys.stderr.isatty():
            self._watch = Watch(self.tick)
            return
        from rich.console import Console
        from rich.live import Live

        from .panel import panel

        console = Console(stderr=True)
        self._live = Live(
            get_renderable=lambda: panel(self._progress, console.width, console.height),
            console=console,
            refresh_per_second=2,
            redirect_stdout=False,
        )
        self._live.start()

    def after(self, step: Step, run: Run) -> None:
        self._progress.clock = run.state.clock
        self._progress.guard = run.guard.status if run.guard else None

    def logged(self, record: Record, run: Run) -> None:
        self._progress.rollback = run.state.rate
        self._progress.logged(record, run.state.clock)
        now = self._clock()
        if self._live is None and now - self._record_at >= SECONDS_BETWEEN_RECORDS:
            self._record_at = now
            self._say(self._progress.sentence())

    def tick(self) -> None:
        """Print a line where there was none for a while; called every second, by a thread of its own."""
        now = self._clock()
        if now - self._said_at >= MOST_SECONDS_OF_SILENCE:
            self._say(self._progress.waiting(now - self._began_at, self._first))

    def warn(self, message: str) -> None:
        self._say(f"warning: {message}")

    def end(self, run: Run) -> None:
        if self._watch is not None:
            self._watch.end()
            self._watch = None
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _say(self, line: str) -> None:
        self._said_at = self._clock()
        if self._live is not None:
            self._live.console.print(line, markup=False, highlight=False)  # above the view
        else:
            with suppress(OSError):  # a closed window, a full disk behind `2>`: no reason to end a run
                print(f"{line}\n", end="", file=sys.stderr, flush=True)  # noqa: T201  # it is the terminal


class Watch:
    """Calls `tick` every second from a thread, until it ends."""

    def __init__(self, tick: Callable[[], None], seconds: float = 1.0) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(tick, seconds), daemon=True)
        self._thread.start()

    def _run(self, tick: Callable[[], None], seconds: float) -> None:
        while not self._over.wait(seconds):
            tick()

    def end(self) -> None:
        """Returns once no tick is running; waits as long as the terminal takes no output."""
        self._over.set()
        self._thread.join(timeout=1)

"""The terminal: a live view, or a line now and then where the output is no terminal."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .base import Observer, Record
from .progress import Progress

if TYPE_CHECKING:
    from ..schedule import Step
    from ..trainer import Trainer

SECONDS_BETWEEN_LINES = 10.0


class Terminal(Observer):
    """Progress, speed, memory, losses, rates, level and time left; on standard error."""

    def __init__(self) -> None:
        self._live: Any = None
        self._line_at = float("-inf")

    def begin(self, run: Trainer) -> None:
        name = str(run.run_dir) if run.run_dir else "training"
        self._progress = Progress(name, run.plan.length, run.state.generator.levels, run.state.clock)
        if sys.stderr is None or not sys.stderr.isatty():
            return
        from rich.console import Console
        from rich.live import Live

        from .panel import panel

        console = Console(stderr=True)
        self._live = Live(
            get_renderable=lambda: panel(self._progress, console.width),
            console=console,
            refresh_per_second=2,
            redirect_stdout=False,
        )
        self._live.start()

    def after(self, step: Step, run: Trainer) -> None:
        self._progress.clock = run.state.clock

    def logged(self, record: Record, run: Trainer) -> None:
        self._progress.heard(record, run.state.clock)
        now = time.monotonic()
        if self._live is None and now - self._line_at >= SECONDS_BETWEEN_LINES:
            self._line_at = now
            self._say(self._progress.sentence())

    def warn(self, message: str) -> None:
        self._say(f"warning: {message}")

    def end(self, run: Trainer) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _say(self, line: str) -> None:
        if self._live is not None:
            self._live.console.print(line, markup=False, highlight=False)  # above the view
        else:
            with suppress(OSError):  # a closed window, a full disk behind `2>`: no reason to end a run
                print(line, file=sys.stderr, flush=True)  # noqa: T201  # it is the terminal

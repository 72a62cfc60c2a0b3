"""The terminal: a progress bar, or a line now and then where the output is no terminal."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from .base import Observer, Record

if TYPE_CHECKING:
    from ..schedule import Step
    from ..trainer import Trainer

SECONDS_BETWEEN_LINES = 10.0


class Terminal(Observer):
    """Images shown, images a second, time left, losses and level; on standard error."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None
        self._line_at = float("-inf")

    def begin(self, run: Trainer) -> None:
        self._mark = time.monotonic(), run.state.clock.images
        self._rate = 0.0
        if not sys.stderr.isatty():
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}"),
            console=Console(stderr=True),
        )
        length = run.plan.length
        self._task = self._bar.add_task("", total=length.amount, completed=run.state.clock.reads(length))
        self._bar.start()

    def after(self, step: Step, run: Trainer) -> None:
        if self._bar is not None:
            self._bar.update(self._task, completed=run.state.clock.reads(run.plan.length))

    def logged(self, record: Record, run: Trainer) -> None:
        now, images = time.monotonic(), run.state.clock.images
        began, before = self._mark
        self._rate = (images - before) / max(now - began, 1e-9)
        self._mark = now, images
        said = self._sentence(record)
        if self._bar is not None:
            self._bar.update(self._task, description=said)
        elif now - self._line_at >= SECONDS_BETWEEN_LINES:
            self._line_at = now
            self._say(said)

    def warn(self, message: str) -> None:
        self._say(f"warning: {message}")

    def end(self, run: Trainer) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _sentence(self, record: Record) -> str:
        parts = [f"{record['images'] / 1000:.1f} kimg", f"{self._rate:.0f} img/s"]
        parts += [
            f"{name.removeprefix('loss/')} {record[name]:.3f}"
            for name in ("loss/D", "loss/G")
            if name in record
        ]
        if "level" in record:
            parts.append(
                f"level {record['level']:.0f}"
                + (f" fading {record['alpha']:.2f}" if record["alpha"] < 1 else "")
            )
        return " · ".join(parts)

    def _say(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)  # noqa: T201  # it is the terminal

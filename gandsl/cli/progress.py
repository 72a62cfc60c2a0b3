"""A progress bar on a terminal; where standard error is none, a line every half minute."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

EVERY = 30.0  # seconds


@contextmanager
def progress(words: str, total: int) -> Iterator[Callable[[int], None]]:
    """`told(done)` moves the bar, which goes away when the block ends; or prints a line when it is time."""
    if not sys.stderr.isatty():
        yield _lines(words, total)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(words, total=total)
        yield lambda done: bar.update(task, completed=done)


def _lines(words: str, total: int) -> Callable[[int], None]:
    from gandsl.cli.output import say

    last = time.monotonic()

    def told(done: int) -> None:
        nonlocal last
        if (now := time.monotonic()) - last >= EVERY:
            last = now
            say(f"{words}: {done} of {total}")

    return told

"""The standard streams as a command needs them: open, and never the reason why a run ends."""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from typing import Any


class Drain(io.FileIO):
    """Takes everything: what it can't write is lost, and the first reason kept."""

    failed: OSError | None = None

    def write(self, data: Any) -> int:
        """Raises nothing."""
        try:
            while (written := super().write(data)) is None:  # somebody made the terminal non-blocking
                select.select((), (self,), ())
        except OSError as error:
            self.failed = self.failed or error
            return memoryview(data).nbytes
        return written


def prepare() -> None:
    """Open what was closed at the start, to nothing; let no stream raise."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # else the next file that is opened gets the number, and what anybody prints to it
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115  # for as long as the process
    sys.stdout, sys.stderr = _text(1, sys.stdout), _text(2, sys.stderr)


def told(text: str) -> None:
    """Print what is recorded elsewhere too: a saved run does not fail because its last lines can't be
    printed.
    """
    print(text, flush=True)
    if drain := _drain(sys.stdout):
        drain.failed = None


def undelivered() -> OSError | None:
    """Why standard output did not take all of the result; None where it did, or nobody reads it any more."""
    sys.stdout.flush()
    drain = _drain(sys.stdout)
    error = drain.failed if drain else None
    return None if error is None or error.errno == errno.EPIPE else error


def _drain(stream: Any) -> Drain | None:
    """The drain of a stream; None where tests or notebooks have another."""
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    return raw if isinstance(raw, Drain) else None


def _text(number: int, before: io.TextIOBase | Any) -> io.TextIOWrapper:
    """A stream like the one before (its encoding is the user's), over a drain."""
    drain = Drain(number, "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(drain),
        encoding=getattr(before, "encoding", None) or "utf-8",
        errors="backslashreplace",  # a terminal without `→` gets an escape instead of an error
        line_buffering=number == 2 or drain.isatty(),
        write_through=getattr(before, "write_through", False),
    )

"""Signals that stop a process: at once and in order; in a run, after the step under way and the save."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import contextmanager, suppress

TYPE_CHECKING = False  # typing itself takes longer to import than this file
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType, TracebackType
    from typing import Any

# Ctrl-C; kill, and most schedulers; a terminal that closes; SLURM's warning (`--signal=USR1@120`)
CAUGHT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)
PATIENCE = 2.0  # seconds after the first Ctrl-C in which another is the same one, pressed twice


def named(number: int) -> str:
    """A signal as its user knows it."""
    return "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name


def answered() -> None:
    """From now on a signal ends this process at once, with a line and 128 + its number.

    Nothing is raised: an exception out of a signal may come up anywhere, and what it meets there (an import
    half done, a destructor, another thread's hook) reports it in its own way, or swallows it.
    """
    global _owner
    _owner = os.getpid()
    for number in _heard():
        signal.signal(number, leave)


def settled() -> None:
    """The process has done its work and its exit code stands: no signal changes it any more."""
    for number in _heard():
        signal.signal(number, signal.SIG_IGN)


def leave(number: int, frame: FrameType | None = None) -> None:
    """End the process now, tidied; a signal's handler."""
    if os.getpid() != _owner:  # forked a moment ago, with its parent's handlers
        if number == signal.SIGTERM:
            os._exit(128 + number)
        return
    for each in (*CAUGHT, signal.SIGCHLD):  # torch raises where a data worker ends
        signal.signal(each, signal.SIG_IGN)
    said = ["stopped" if number == signal.SIGINT else f"stopped by {named(number)}"]
    for last in reversed(_last):
        with suppress(Exception):  # the others have to come
            said += filter(None, [last()])
    with suppress(Exception):
        _end_children()
    with suppress(OSError):
        before = _TERMINAL if os.isatty(2) else ""
        os.write(2, f"{before}{'; '.join(said)}\n".encode())  # itself: a print may be interrupted
    os._exit(128 + number)


@contextmanager
def at_last(do: Callable[[], str | None]) -> Iterator[None]:
    """Where the process is stopped inside the block, `do` is called; what it returns is told.

    It may be called between any two instructions of the block. A block that ends in any other way tidies up
    by itself.
    """
    _last.append(do)
    try:
        yield
    finally:
        _last.remove(do)


@contextmanager
def held() -> Iterator[None]:
    """A signal that comes in the block counts at its end (the main thread's, which alone has any)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []
    usual = _handled(lambda number, frame: received.append(number))
    try:
        yield
    finally:
        _restore(usual)
        if received:
            signal.raise_signal(received[0])


class Signals:
    """Remembers the first signal received inside the block (main thread only; elsewhere none is caught).

    Further ones change nothing: schedulers and launchers send theirs twice. But whoever presses Ctrl-C again
    after two seconds means it, and gets the answer that was in force before the block. So does whoever asks
    before anything is `at_stake`: a first step that is compiled may take many minutes.
    """

    def __init__(self, at_stake: bool = True) -> None:
        self.received: int = 0
        self.at_stake = at_stake
        self._at = 0.0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Signals:
        if threading.current_thread() is threading.main_thread():
            self._before = _handled(self._remember)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        _restore(self._before)

    def _remember(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.at_stake and not self.received:
            self.received, self._at = number, now
        elif not self.at_stake or (number == signal.SIGINT and now - self._at >= PATIENCE):
            _restore(self._before)
            signal.raise_signal(number)


_TERMINAL = "\x1b[?25h\n"  # the cursor, which a live view hides; a line of our own after its ^C
_owner = 0  # the process that `answered` was called in
_last: list[Callable[[], str | None]] = []


def _heard() -> list[int]:
    """Those that are not ignored: nohup, and shells that start a job in the background, ignore some on
    purpose.
    """
    return [number for number in CAUGHT if signal.getsignal(number) not in (signal.SIG_IGN, None)]


def _handled(handler: Callable[[int, FrameType | None], Any]) -> dict[int, Any]:
    """Give those a handler; the handlers they had."""
    return {number: signal.signal(number, handler) for number in _heard()}


def _restore(handlers: dict[int, Any]) -> None:
    while handlers:
        number, handler = handlers.popitem()
        signal.signal(number, handler)


def _end_children() -> None:
    """Data workers and readers: they ignore what a terminal sends to all."""
    if processes := sys.modules.get("multiprocessing"):
        for child in processes.active_children():
            child.kill()

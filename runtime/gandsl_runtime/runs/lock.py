"""One process to a run's folder: a lock that ends with the process that holds it, however it ends."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from socket import gethostname

from ..errors import CheckpointError, Unwritable, placed
from ..system.files import special
from ..system.signals import at_last

BEAT = 5.0  # seconds between two signs of life
_UNSUPPORTED = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
_held: set[int] = set()  # file handles of this process


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path` while the block runs. Raises Unwritable; CheckpointError while another
    process holds it.

    The kernel ends the lock with its process, so that none is left over after a crash. Not every shared file
    system carries such locks from host to host: the holder gives a sign of life every few seconds, and
    another host that finds its name looks for one before it takes over.
    """
    with placed(path.parent):
        if kind := special(path):
            raise Unwritable(f"{path} is {kind}, and no lock", "remove it")
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    released = threading.Event()
    beat = threading.Thread(target=_beat, args=(handle, released), name="lock", daemon=True)
    try:
        _take(handle, path)
        _held.add(handle)
        beat.start()
        try:
            with at_last(lambda: os.ftruncate(handle, 0)):
                yield
        finally:
            released.set()
            beat.join()
            os.ftruncate(handle, 0)
    finally:
        _held.discard(handle)
        os.close(handle)


def _take(handle: int, path: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise _refusal(path) from error
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
    if _holder(path).get("host", gethostname()) != gethostname() and _lives(path):
        raise _refusal(path)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    os.ftruncate(handle, 0)
    os.pwrite(handle, json.dumps({"pid": os.getpid(), "host": gethostname(), "since": now}).encode(), 0)


def _close_in_child() -> None:
    """A forked data worker must not hold the lock of a trainer that was killed."""
    for handle in _held:
        os.close(handle)
    _held.clear()


os.register_at_fork(after_in_child=_close_in_child)


def _beat(handle: int, released: threading.Event) -> None:
    """Touch the file until it is released."""
    while not released.wait(BEAT):
        with suppress(OSError):  # of a file system that is away for a moment
            os.utime(handle)


def _lives(path: Path) -> bool:
    """Whether the holder touches the file within three beats; the clocks of the hosts need not agree."""
    before = _touched(path)
    until = time.monotonic() + 3 * BEAT
    while time.monotonic() < until:
        time.sleep(BEAT / 5)
        if _touched(path) != before:
            return True
    return False


def _touched(path: Path) -> int:
    with path.open() as file:  # opened anew: a network file system refreshes what it knows of it then
        return os.fstat(file.fileno()).st_mtime_ns


def _holder(path: Path) -> dict[str, str]:
    """Who wrote the lock; nothing where it was released or is cut short."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _refusal(path: Path) -> CheckpointError:
    who = _holder(path)
    said = f"process {who.get('pid', '?')} on {who.get('host', '?')} since {who.get('since', '?')}"
    return CheckpointError(
        f"{path.parent} is in use: {said} trains in it", "wait until it ends, or choose another folder"
    )

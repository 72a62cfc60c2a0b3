"""Faults a run can end with: one message, one remedy and one documented exit code each; never a traceback."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .system.signals import named


class Error(Exception):
    """What a user can get wrong, told as the command line tells it: `gandsl.Error`, the root of them all."""

    exit_code = 1


def told(message: str, remedy: str = "", notes: Sequence[str] = ()) -> str:
    """A message with its notes and its remedy, a line each."""
    beside = [*(f"note: {note}" for note in notes), *([f"help: {remedy}"] if remedy else [])]
    return "\n  = ".join([message, *beside])


class RuntimeFault(Error):
    """Something outside the code is wrong; `message` says what and where, `remedy` what to do about it."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return told(self.message, self.remedy)


class PlanError(RuntimeFault):
    """The plan and the networks don't fit each other."""

    exit_code = 1


class DataError(RuntimeFault):
    """The training images or their labels can't be used."""

    exit_code = 3


class CheckpointError(RuntimeFault):
    """A checkpoint can't be read, or isn't of these networks."""

    exit_code = 4


class OutOfSpace(RuntimeFault):
    """The disk is full."""

    exit_code = 5


class Unwritable(RuntimeFault):
    """Files can't be made where a run is to write."""

    exit_code = 1


class MissingExtra(RuntimeFault):
    """An optional package is asked for and isn't installed."""

    exit_code = 6

    def __init__(self, wanted: str, extra: str) -> None:
        super().__init__(f"{wanted} needs a package that is not installed", f"pip install 'gandsl[{extra}]'")


class SamplingError(RuntimeFault):
    """What is asked for does not fit the generator, or itself."""

    exit_code = 2


class Parted(RuntimeFault):
    """Another process of the run is gone."""

    exit_code = 1


class Diverged(RuntimeFault):
    """A loss is no longer a finite number."""

    exit_code = 7


class OutOfMemory(RuntimeFault):
    """There is no memory for what was asked for, in RAM or on a GPU."""

    exit_code = 9


class Interrupted(RuntimeFault):
    """Stopped by a signal, after the state was saved: 130 for Ctrl-C (SIGINT), 143 for SIGTERM, and so on."""

    def __init__(self, number: int, images: int, run_dir: Path | None) -> None:
        saved = f": {run_dir} (--resume goes on)" if run_dir else ", and not saved: the run has no folder"
        super().__init__(f"stopped by {named(number)} after {images} images{saved}")
        self.exit_code = 128 + number


NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def room_for(what: str, path: Path) -> Iterator[None]:
    """Turn a full disk, quota or file-size limit met in the block into `OutOfSpace`."""
    try:
        yield
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise OutOfSpace(f"no space left for {what} in {path}", "free some space first") from error


@contextmanager
def placed(path: Path) -> Iterator[None]:
    """Turn what keeps a file from being made or written in the block into `Unwritable`.

    A full disk stays what it is.
    """
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise
        reason = (error.strerror or str(error)).lower()
        raise Unwritable(f"can't write in {path}: {reason}", "choose another folder") from error

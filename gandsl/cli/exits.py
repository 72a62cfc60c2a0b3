"""Every exit code of the command line, in one table. The runtime's faults carry the same numbers."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What a process of `gandsl` ends with."""

    def __new__(cls, value: int, meaning: str) -> Exit:
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    meaning: str

    FINE = 0, "done"
    INPUT = 1, "a spec, a file or an argument is wrong; the message says where and what to do"
    USAGE = (
        2,
        "the command line itself is wrong: no such command or option, a missing argument, options that do "
        "not go together, or not with this generator",
    )
    DATA = 3, "the training images or their labels can't be used"
    CHECKPOINT = (
        4,
        "a checkpoint can't be read, or is of other networks; or a run is another experiment than the "
        "command says",
    )
    DISK = 5, "the disk is full"
    ENVIRONMENT = 6, "a package (extra) or a device that was asked for is not there"
    DIVERGED = (
        7,
        "the run diverged: a number is not finite, or the collapse guard ended it (training.md); the message "
        "says what it can go on from",
    )
    DIFFERENT = 8, "`compile --check` found stale output, or `diff --exit-code` a difference"
    MEMORY = (
        9,
        "there is not enough memory, in RAM or on a GPU; the message says what was asked for, and "
        "`gandsl cost SPEC --memory --budget SIZE` what fits",
    )
    BUG = 70, "a bug in gandsl; the message says where the report is and how to send it"
    HUNG_UP = (
        129,
        "stopped by SIGHUP (its terminal has closed); a run in training saves first, and says so",
    )
    INTERRUPTED = 130, "stopped by Ctrl-C; a run in training saves first, and says so"
    WARNED = (
        138,
        "stopped by SIGUSR1 (a scheduler's warning); a run in training saves first, and says so",
    )
    TERMINATED = 143, "stopped by SIGTERM; a run in training saves first, and says so"

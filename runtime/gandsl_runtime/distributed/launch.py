"""What torchrun says to each process that it starts: how many they are, which it is, where they meet."""

from __future__ import annotations

import os

from ..errors import RuntimeFault

MOST = 2**16  # processes, and port numbers


class NotLaunched(RuntimeFault):
    """The variables by which the processes of a run find each other are incomplete, or make no sense."""

    exit_code = 6


def processes() -> int:
    """How many processes train together; 1 where torchrun started none. Raises NotLaunched."""
    return _number("WORLD_SIZE", 1, least=1)


def share() -> tuple[int, int]:
    """Which of the processes this one is, and how many there are; (0, 1) alone. Raises NotLaunched."""
    if (size := processes()) == 1:
        return 0, 1
    if (rank := _number("RANK")) >= size:
        raise _refused("RANK", f"one of {size} processes counts from 0 to {size - 1}")
    return rank, size


def neighbours() -> int:
    """How many of them share this machine; 1 alone. Raises NotLaunched."""
    return _number("LOCAL_WORLD_SIZE", 1, least=1)


def restarted() -> bool:
    """Whether torchrun starts the run again, after a process of it has died. Raises NotLaunched."""
    return _number("TORCHELASTIC_RESTART_COUNT", 0) > 0


def meeting() -> str:
    """Where several processes meet, `host:port`. Raises NotLaunched where this one can't go there."""
    share()
    host, port = os.environ.get("MASTER_ADDR", ""), _number("MASTER_PORT", least=1)
    if not host:
        raise _refused("MASTER_ADDR", "it is the host of the first process")
    return f"{host}:{port}"


def _number(name: str, usual: int | None = None, least: int = 0) -> int:
    text = os.environ.get(name, "")
    if not text and usual is not None:
        return usual
    if not (text.isascii() and text.isdigit() and least <= int(text[:9]) < MOST and len(text) < 9):
        raise _refused(name, f"it is a number from {least}")
    return int(text)


def _refused(name: str, wanted: str) -> NotLaunched:
    said = f"is `{os.environ[name]}`" if os.environ.get(name) else "is not set"
    return NotLaunched(
        f"the environment variable {name} {said}: {wanted}",
        "start several processes with torchrun, which sets it, or unset WORLD_SIZE to train in one",
    )

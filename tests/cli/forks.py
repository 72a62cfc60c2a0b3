"""`gandsl` in a fork of this process: torch is loaded already, and what befalls the fork befalls it alone."""

from __future__ import annotations

import os
import resource
import select
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

import typer

LONGEST = 60.0  # seconds that a command may take before it counts as hanging


class Ended(NamedTuple):
    """How a command ended: its exit code, minus the signal that killed it; what it said."""

    code: int
    out: str
    err: str


def forked(
    arguments: list[object], before: Callable[[], None] = lambda: None, at: Path | None = None
) -> Ended:
    """Run the command in a fork, in the folder `at`, after `before` was called there."""
    return Running(arguments, before, at).ended()


class Running:
    """A command in a fork; whoever starts it waits for its end."""

    def __init__(
        self, arguments: list[object], before: Callable[[], None] = lambda: None, at: Path | None = None
    ) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        self._texts = TemporaryFile(), TemporaryFile()  # noqa: SIM115  # `ended` closes them
        self.pid = os.fork()
        if not self.pid:
            code = 98
            try:
                for number, file in enumerate(self._texts, 1):
                    os.dup2(file.fileno(), number)
                sys.stdout, sys.stderr = (open(n, "w", closefd=False) for n in (1, 2))  # noqa: SIM115
                os.chdir(at or Path.cwd())
                code = _run([str(argument) for argument in arguments], before)
            finally:
                for stream in (sys.stdout, sys.stderr):
                    with suppress(Exception):
                        stream.flush()
                os._exit(code)

    def runs(self) -> bool:
        """Whether it has not ended."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def ended(self) -> Ended:
        """Its end, which is waited for."""
        status = _waited(self.pid)
        texts = []
        for file in self._texts:
            with file:
                file.seek(0)
                texts.append(file.read().decode(errors="replace"))
        return Ended(status, *texts)


def _run(arguments: list[str], before: Callable[[], None]) -> int:
    from gandsl.cli.app import COMMANDS, app

    for row in COMMANDS.values():
        import_module(row.module)
    os.environ |= {"COLUMNS": "80", "TERM": "dumb"}
    before()
    try:
        app(arguments, prog_name="gandsl", standalone_mode=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except typer.Exit as end:
        return end.exit_code
    except BaseException:  # noqa: BLE001  # what gets here is what a user would see as a traceback
        import traceback

        traceback.print_exc()
        return 97
    return 0


def _waited(child: int) -> int:
    """The status of a child that is given so much time; -9 where it was not enough."""
    handle = os.pidfd_open(child)
    try:
        if not select.select([handle], [], [], LONGEST)[0]:
            os.kill(child, signal.SIGKILL)
    finally:
        os.close(handle)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def at_most(more: int) -> Callable[[], None]:
    """Limits the process to so many bytes of address space beyond what it has."""

    def limit() -> None:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        size = pages * os.sysconf("SC_PAGE_SIZE") + more
        resource.setrlimit(resource.RLIMIT_AS, (size, size))

    return limit

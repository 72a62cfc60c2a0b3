"""The folder that a run began in: whether it can be written, and where it is after somebody moved it."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from ..errors import Unwritable, placed
from .run_dir import RunDir


def refuse_unwritable(files: RunDir) -> None:
    """Raises Unwritable where what a run will write later can't be made: it must not train in vain."""
    for folder in (files.path, files.checkpoints, files.grids, files.tensorboard, *files.guards):
        if os.path.lexists(folder):  # what is not there yet can be made where its parent can be written
            with placed(folder), TemporaryFile(dir=folder):
                pass
    for path in (files.log, files.alarms):
        if os.path.lexists(path):
            if not path.is_file():
                raise Unwritable(f"{path} is no file", "remove it, or choose another folder")
            with placed(path), path.open("ab"):
                pass


class Home(AbstractContextManager["Home"]):
    """A run's folder, locked and open: a handle follows it wherever it is moved to.

    Raises CheckpointError while another process holds it, Unwritable.
    """

    def __init__(self, files: RunDir) -> None:
        self.files = files

    def __enter__(self) -> Home:
        self._held = ExitStack()
        self._held.enter_context(self.files.locked())
        self._handle = os.open(self.files.path, os.O_RDONLY | os.O_DIRECTORY)
        self._held.callback(os.close, self._handle)
        return self

    def __exit__(self, *error: Any) -> None:
        self._held.close()

    @property
    def stands(self) -> bool:
        """Whether its path leads to the folder; true too while the file system does not answer."""
        try:
            return os.path.samestat(os.stat(self.files.path), os.fstat(self._handle))
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True

    def found(self) -> Path | None:
        """Where the folder is now; None where it was removed, or the system does not tell."""
        with suppress(OSError):
            path = Path(os.readlink(f"/proc/self/fd/{self._handle}"))
            if os.path.samestat(os.stat(path), os.fstat(self._handle)):
                return path
        return None

    def make_anew(self) -> None:
        """A folder in the place of the one that was removed."""
        self._held.close()
        self.__enter__()

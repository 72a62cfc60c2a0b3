"""Scalars and image grids for TensorBoard."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ..errors import NO_ROOM, MissingExtra
from .base import Observer, Record
from .grids import Grids

if TYPE_CHECKING:
    from ..plan.schedule import Step
    from .base import Run


@contextmanager
def _as_of_files() -> Iterator[None]:
    """TensorFlow's file system has errors of its own; tensorboard writes by it where it is installed."""
    try:
        yield
    except Exception as error:
        if not _of_tensorflow(type(error)):
            raise
        number = next((known for known in NO_ROOM if os.strerror(known) in str(error)), errno.EIO)
        raise OSError(number, os.strerror(number)) from error


def _of_tensorflow(kind: type[BaseException]) -> bool:
    return kind.__module__.startswith("tensorflow.")


class TensorBoard(Observer):
    """Writes each record and, where `grids` writes them, the image grids; placed by images shown.

    Raises MissingExtra when tensorboard isn't installed.
    """

    def __init__(self, folder: Path, grids: Grids | None = None) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise MissingExtra("the TensorBoard log", "tensorboard") from error
        self._open: Any = SummaryWriter
        self._folder, self._grids = folder, grids
        self._writer: Any = None
        self._shown: Path | None = None
        self._hook: Any = None  # what was told of threads that end in an error

    def begin(self, run: Run) -> None:
        self._hook = threading.excepthook
        threading.excepthook = self._mute
        self._writer = self._open(str(self._folder), purge_step=run.state.clock.images + 1)

    def logged(self, record: Record, run: Run) -> None:
        with _as_of_files():
            for name, value in record.items():
                if name != "images":
                    self._writer.add_scalar(name, value, int(record["images"]))

    def after(self, step: Step, run: Run) -> None:
        path = self._grids and self._grids.last
        if path and path != self._shown:
            self._shown = path
            pixels = np.asarray(Image.open(path).convert("RGB"))
            with _as_of_files():
                self._writer.add_image("samples", pixels, int(path.stem), dataformats="HWC")

    def saving(self, run: Run) -> None:
        with _as_of_files():
            self._writer.flush()

    def end(self, run: Run) -> None:
        if self._writer is not None:
            with _as_of_files():
                self._writer.close()
            self._writer = None
        if self._hook is not None:
            threading.excepthook, self._hook = self._hook, None

    def _mute(self, fault: threading.ExceptHookArgs) -> None:
        """The thread that writes keeps its error for whoever writes next, who says it: once is enough."""
        of_files = fault.exc_type is OSError or _of_tensorflow(fault.exc_type)
        if not (type(fault.thread).__module__.startswith("tensorboard.") and of_files):
            self._hook(fault)

"""Scalars and image grids for TensorBoard."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ..errors import MissingExtra
from .base import Observer, Record
from .grids import Grids

if TYPE_CHECKING:
    from ..schedule import Step
    from ..trainer import Trainer


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

    def begin(self, run: Trainer) -> None:
        self._hook = threading.excepthook
        threading.excepthook = self._mute
        self._writer = self._open(str(self._folder), purge_step=run.state.clock.images + 1)

    def logged(self, record: Record, run: Trainer) -> None:
        for name, value in record.items():
            if name != "images":
                self._writer.add_scalar(name, value, int(record["images"]))

    def after(self, step: Step, run: Trainer) -> None:
        path = self._grids and self._grids.last
        if path and path != self._shown:
            self._shown = path
            pixels = np.asarray(Image.open(path).convert("RGB"))
            self._writer.add_image("samples", pixels, int(path.stem), dataformats="HWC")

    def saving(self, run: Trainer) -> None:
        self._writer.flush()

    def end(self, run: Trainer) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        if self._hook is not None:
            threading.excepthook, self._hook = self._hook, None

    def _mute(self, fault: threading.ExceptHookArgs) -> None:
        """The thread that writes keeps its error for whoever writes next, who says it: once is enough."""
        if not (type(fault.thread).__module__.startswith("tensorboard.") and fault.exc_type is OSError):
            self._hook(fault)

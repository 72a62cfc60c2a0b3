"""Scalars for TensorBoard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import MissingExtra
from .base import Observer, Record

if TYPE_CHECKING:
    from ..trainer import Trainer


class TensorBoard(Observer):
    """Writes each record, placed by images shown. Raises MissingExtra when tensorboard isn't installed."""

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise MissingExtra("the TensorBoard log", "tensorboard") from error
        self._open: Any = SummaryWriter
        self._folder, self._writer = folder, None

    def begin(self, run: Trainer) -> None:
        self._writer = self._open(str(self._folder), purge_step=run.state.clock.images + 1)

    def logged(self, record: Record, run: Trainer) -> None:
        assert self._writer is not None
        for name, value in record.items():
            if name != "images":
                self._writer.add_scalar(name, value, int(record["images"]))

    def end(self, run: Trainer) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

"""What watches a run: terminal, log file, TensorBoard, image grids."""

from __future__ import annotations

from pathlib import Path

from .base import Observer
from .grids import Grids
from .jsonl import JsonLog
from .tensorboard import TensorBoard
from .terminal import Terminal

__all__ = ["Grids", "JsonLog", "Observer", "TensorBoard", "Terminal", "standard"]


def standard(run_dir: Path | None, terminal: bool = False, tensorboard: bool = False) -> tuple[Observer, ...]:
    """The usual observers of a run in a folder; without one, at most the terminal. Raises MissingExtra."""
    watching: list[Observer] = [Terminal()] if terminal else []
    if run_dir is not None:
        grids = Grids(run_dir / "grids")
        watching += [JsonLog(run_dir / "log.jsonl"), grids]
        if tensorboard:  # after the grids, which it shows
            watching.append(TensorBoard(run_dir / "tensorboard", grids))
    return tuple(watching)

"""run.json: which run lies in a folder, on what it trains, how it goes on, and who trained it when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from ..system.files import read
from .header import Count, DataFacts, StrictDocument, Text

MOST_SESSIONS = 100  # that are told of: a run restarted day and night must not grow the file without end


class MachineOptions(StrictDocument):
    """On what a run trains, and who is told. `gandsl train RUN` goes on with it, unless it says otherwise."""

    device: Text = "auto"  # by name: a GPU where there is one, else the CPU
    workers: Count | None = None  # processes that read images ahead; None: by the cores
    compile: bool = False  # steps by torch.compile
    tensorboard: bool = False  # in the run's folder, beside log and grids
    cudnn_benchmark: bool = True  # on a GPU, try cuDNN's ways to convolve and keep the fastest


class RunRecord(StrictDocument):
    """The file."""

    run: Text = ""  # its id; a run of an older version has none
    seed: int = Field(ge=0, lt=2**63)
    draws: int = Field(default=1, ge=1)  # the version of its draws
    data: DataFacts
    how: MachineOptions = MachineOptions()
    sessions: tuple[dict[str, Any], ...] = Field(default=(), max_length=MOST_SESSIONS)

    def text(self) -> str:
        """The file's content."""
        return self.model_dump_json(indent=2) + "\n"


def recorded(path: Path) -> RunRecord | None:
    """What the file says; None where it is not there, or is not such a file."""
    try:
        return RunRecord.model_validate_json(read(path))
    except (OSError, ValidationError, RecursionError):
        return None

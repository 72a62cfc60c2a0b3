"""The folder of a run: what lies where, and what the run says of itself there (docs/training.md)."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import environment
from .files import whole
from .lock import locked

if TYPE_CHECKING:
    from .trainer import Trainer

MOST_SESSIONS = 100  # that run.json tells of: a run restarted day and night must not grow it without end


@dataclass(frozen=True)
class RunDir:
    """Paths in a run's folder."""

    path: Path

    @property
    def spec(self) -> Path:
        """The resolved spec, where the run was made from one: it checks, shows and samples as any spec."""
        return self.path / "spec.yaml"

    @property
    def plan(self) -> Path:
        """The plan with every default."""
        return self.path / "plan.json"

    @property
    def facts(self) -> Path:
        """Seed, data, and with what code, on what machine and by what command each session ran."""
        return self.path / "run.json"

    @property
    def log(self) -> Path:
        """Scalars, an object a line."""
        return self.path / "log.jsonl"

    @property
    def grids(self) -> Path:
        """Image grids by images shown."""
        return self.path / "grids"

    @property
    def checkpoints(self) -> Path:
        """Checkpoints by images shown."""
        return self.path / "checkpoints"

    @property
    def tensorboard(self) -> Path:
        """Events for TensorBoard."""
        return self.path / "tensorboard"

    def locked(self) -> AbstractContextManager[None]:
        """Keep every other process out. Raises CheckpointError while one is in."""
        return locked(self.path / ".lock")


def describe(run: Trainer) -> None:
    """Write what the run is: its spec and plan, and who trained it when, where and with what."""
    files = run.files
    assert files is not None
    if run.spec is not None:
        _write(files.spec, run.spec)
    _write(files.plan, run.plan.model_dump_json(indent=2) + "\n")
    session = {
        "began": datetime.now(UTC).isoformat(timespec="seconds"),
        "images": run.state.clock.images,
        "processes": run.world.size,
        **environment.describe(run.device),
    }
    facts = {
        "seed": run.state.seed,
        "data": {"where": run.where, "images": len(run.data)},
        "sessions": [*_sessions(files.facts), session][-MOST_SESSIONS:],
    }
    _write(files.facts, json.dumps(facts, indent=2) + "\n")


def _sessions(path: Path) -> list[Any]:
    """The sessions before this one."""
    try:
        return list(json.loads(path.read_text(encoding="utf-8"))["sessions"])
    except (OSError, ValueError, KeyError, TypeError):  # a new run, or one of an older version
        return []


def _write(path: Path, text: str) -> None:
    with whole(path) as new:
        new.write_text(text, encoding="utf-8")

"""The folder of a run: what lies where (docs/training.md)."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from .lock import locked

SUFFIX = ".safetensors"  # of checkpoints


@dataclass(frozen=True)
class RunDir:
    """Paths in a run's folder."""

    path: Path
    resolved: str | None = None  # text of the resolved spec, where the run is made from one

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
    def evaluation(self) -> Path:
        """What `gandsl eval` measured of checkpoints, an object a line."""
        return self.path / "evaluation.jsonl"

    @property
    def grids(self) -> Path:
        """Image grids by images shown."""
        return self.path / "grids"

    @property
    def alarms(self) -> Path:
        """What the guard found, an object a line."""
        return self.path / "alarms.jsonl"

    @property
    def guards(self) -> list[Path]:
        """The guard's folder and those in it."""
        return [self.guard, *(self.guard / name for name in ("good", "unproven", "before", "suspect"))]

    @property
    def checkpoints(self) -> Path:
        """Checkpoints by images shown."""
        return self.path / "checkpoints"

    @property
    def tensorboard(self) -> Path:
        """Events for TensorBoard."""
        return self.path / "tensorboard"

    @property
    def guard(self) -> Path:
        """States that the guard holds."""
        return self.path / "guard"

    def until(self, path: Path, images: int) -> Path:
        """What the file of spec or plan is called that was in force up to so many images."""
        return path.with_name(f"{path.stem}-{images:012d}{path.suffix}")

    def besides_checkpoints(self) -> list[Path]:
        """All else that a run writes, whether it is there or not."""
        told = (self.spec, self.plan, self.facts, self.log, self.alarms, self.evaluation)
        history = (*self.path.glob("spec-*.yaml"), *self.path.glob("plan-*.json"))
        return [*told, *history, self.grids, self.tensorboard, self.guard]

    def locked(self) -> AbstractContextManager[None]:
        """Keep every other process out. Raises CheckpointError while one is in."""
        return locked(self.path / ".lock")


def folder_of(run_dir: str | Path | RunDir) -> RunDir:
    """What a caller names a run's folder by."""
    return run_dir if isinstance(run_dir, RunDir) else RunDir(Path(run_dir))


def found_in(folder: Path) -> list[Path]:
    """The checkpoints in a folder, newest first."""
    named = (path for path in folder.glob(f"*{SUFFIX}") if path.stem.isascii() and path.stem.isdigit())
    return sorted(named, reverse=True)


def newest_path(folder: Path) -> Path | None:
    """The newest checkpoint, whole or not."""
    return next(iter(found_in(folder)), None)

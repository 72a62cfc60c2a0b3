"""The last good state on the disk: a checkpoint that calm looks followed, out of reach of retention.

guard/good/      the last good state
guard/unproven/  the next one, while too few looks have followed it
guard/before/    where the run goes on after an alarm: the last good states before the first and the last
guard/others/    states that are of no use here: of another run, or damaged
guard/suspect/   where it does not: checkpoints written between the last good state and the last alarm
"""

from __future__ import annotations

import math
import shutil
from dataclasses import dataclass
from pathlib import Path

from ..runs import checkpoint
from ..system.files import link


@dataclass(frozen=True)
class KeptCheckpoints:
    """Works on the folder of a run. Links cost no space while the checkpoint itself is kept."""

    run_dir: Path

    def set_aside(self, run: str) -> Path | None:
        """Move states of other runs, and what can't be read, out of reach; gives where to, if any."""
        others = self.place("others")
        foreign = [
            path
            for name in ("good", "unproven", "before", "suspect")
            for path in checkpoint.found_in(self.place(name))
            if checkpoint.run_of(path) != run
        ]
        for path in foreign:
            kept = others / (checkpoint.run_of(path) or "unknown")[:8] / path.parent.name
            kept.mkdir(parents=True, exist_ok=True)
            path.replace(kept / path.name)
        return others if foreign else None

    @property
    def checkpoints(self) -> Path:
        """The run's checkpoints."""
        return self.run_dir / "checkpoints"

    def place(self, name: str) -> Path:
        """A folder of the guard."""
        return self.run_dir / "guard" / name

    @property
    def good(self) -> Path | None:
        """The last good state."""
        return _newest(self.place("good"))

    @property
    def unproven_at(self) -> float:
        """Images shown at the unproven state; ∞ where there is none."""
        unproven = _newest(self.place("unproven"))
        return int(unproven.stem) if unproven else math.inf

    def propose(self) -> None:
        """Make the newest checkpoint the unproven state, if it is newer than the good one and none waits."""
        newest, good = _newest(self.checkpoints), self.good
        if newest and not _newest(self.place("unproven")) and (good is None or newest.name > good.name):
            _hold(newest, self.place("unproven"))

    def prove(self) -> None:
        """The unproven state is good."""
        if unproven := _newest(self.place("unproven")):
            _hold(unproven, self.place("good"))
            self.drop()

    def drop(self) -> None:
        """The unproven state is not."""
        shutil.rmtree(self.place("unproven"), ignore_errors=True)

    def keep_before(self) -> Path | None:
        """Keep the good state beside the one before the first alarm, and begin to look for a new one."""
        good, before = self.good, self.place("before")
        self.drop()
        if good is None:
            return None
        first = min(checkpoint.found_in(before), default=good)
        before.mkdir(exist_ok=True)
        for other in checkpoint.found_in(before):
            if other != first:
                other.unlink()
        kept = before / good.name
        if not kept.exists():
            good.replace(kept)
        return kept

    def go_back(self) -> Path | None:
        """Make the good state the newest checkpoint; what is newer becomes suspect. None: there is none."""
        good, suspect = self.good, self.place("suspect")
        self.drop()
        if good is None:
            return None
        if not (self.checkpoints / good.name).exists():
            link(good, self.checkpoints / good.name)
        shutil.rmtree(suspect, ignore_errors=True)
        suspect.mkdir()
        for path in checkpoint.found_in(self.checkpoints):
            if path.name > good.name:
                path.replace(suspect / path.name)
        return good


def _newest(folder: Path) -> Path | None:
    return next(iter(checkpoint.found_in(folder)), None)


def _hold(path: Path, folder: Path) -> None:
    """Let `folder` hold this file and no other."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / path.name).exists():
        link(path, folder / path.name)
    for other in folder.iterdir():
        if other.name != path.name:
            other.unlink()

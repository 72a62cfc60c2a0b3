"""What an earlier run left in a folder where a new one begins is set aside: nobody may take it for new."""

from __future__ import annotations

from pathlib import Path

from .record import recorded
from .run_dir import RunDir


def part_from(files: RunDir) -> Path | None:
    """Move what is left of a run without checkpoints to earlier/ID/; None where there is nothing worth it."""
    states = any(files.guard.glob("*/*"))
    if not states and not (files.log.is_file() and files.log.stat().st_size):
        return None
    before = recorded(files.facts)
    name = (before.run[:8] if before else "") or "unknown"
    number, place = 1, files.path / "earlier" / name
    while place.exists():
        number, place = number + 1, files.path / "earlier" / f"{name}-{number}"
    place.mkdir(parents=True)
    for path in files.besides_checkpoints():
        if path.exists():
            path.replace(place / path.name)
    return place

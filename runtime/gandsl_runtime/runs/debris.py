"""Files in a run's folder that no run wrote: they are set aside, so that they block nothing."""

from __future__ import annotations

import os
from pathlib import Path

from ..system.files import special
from .run_dir import RunDir, found_in


def set_aside(files: RunDir, images: int) -> list[str]:
    """Move files where folders belong, and the reverse, out of the way; says what was moved, a line each.

    So are checkpoints past `images`, where the run goes on: they were refused, which was said, and whoever
    looks for the newest must not find them. The spec is not touched: without it there is nothing to go on
    with.
    """
    for path in found_in(files.checkpoints):
        if int(path.stem) > images:
            moved(path)
    wanted: dict[Path, str | None] = dict.fromkeys((files.plan, files.facts, files.log, files.alarms))
    wanted |= {path: "a folder" for path in (files.grids, files.tensorboard, files.path / "guard")}
    return [
        f"{path} is {kind or 'a file'}, which no run writes there: it is {moved(path).name} now"
        for path, right in wanted.items()
        if os.path.lexists(path) and ((kind := special(path)) != right or not path.exists())
    ]


def moved(path: Path) -> Path:
    """The new name of a file or folder that is set aside: `NAME.damaged`, numbered from the second on."""
    number, place = 1, path.with_name(f"{path.name}.damaged")
    while os.path.lexists(place):
        number, place = number + 1, path.with_name(f"{path.name}.damaged-{number + 1}")
    return path.rename(place)

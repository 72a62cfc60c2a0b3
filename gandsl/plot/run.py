"""What a run's folder has to show: curves, what happened when, grids, and the facts that tell runs apart."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from gandsl.plot.evaluations import Evaluations, read_evaluations
from gandsl.plot.log import Log, objects, printable, read_log
from gandsl_runtime.errors import RuntimeFault
from gandsl_runtime.runs.header import MOST
from gandsl_runtime.runs.record import RunRecord, recorded
from gandsl_runtime.runs.run_dir import RunDir
from gandsl_runtime.system.files import read

Size = tuple[int, ...]  # (h, w)
MOST_EVENTS = 500  # of a kind that a page lists


class NoRun(RuntimeFault):
    """A folder has nothing to plot."""


@dataclass(frozen=True)
class RunEvent:
    """Something that happened at a moment: `stage` of growth, `alarm`, `resume` or `change` of the plan."""

    images: float
    kind: str
    text: str


@dataclass(frozen=True)
class LoggedRun:
    """A run's folder, read."""

    name: str
    log: Log
    events: tuple[RunEvent, ...]
    facts: Mapping[str, str]  # what a reader asks first, by label
    plan: Mapping[str, Any]  # its fields with their dotted names
    grids: Mapping[int, Path]  # by images shown
    reals: Path | None
    damaged_alarms: int = 0
    evaluations: Evaluations = field(default_factory=Evaluations)


def read_run(folder: Path, name: str, sizes: Sequence[Size] = ()) -> LoggedRun:
    """Read what the folder has; `sizes` are those of a growing network's levels, where they are known.

    Raises NoRun where there is no log, or no record in it; OSError.
    """
    files = RunDir(folder)
    if not files.log.is_file():
        raise NoRun(
            f"{folder} has no {files.log.name}: it is no run's folder, or the run is before its first record",
            "give the folder of a run, such as runs/NAME",
        )
    log = read_log(files.log)
    if not log.curves:
        unread = f" ({log.damaged} damaged lines)" if log.damaged else ""
        raise NoRun(f"{files.log} has no record so far{unread}", "wait for the run's first record")
    alarms, damaged = objects(files.alarms)
    evaluations = read_evaluations(files.evaluation)
    log.curves |= evaluations.curves
    record = recorded(files.facts)
    events = [*_stages(log, sizes), *_alarms(alarms), *_resumes(record), *_changes(files)]
    return LoggedRun(
        name,
        log,
        tuple(sorted(events, key=lambda event: event.images)),
        facts_of(record, log),
        plan_of(files.plan),
        {int(p.stem): p for p in sorted(files.grids.glob("*.png")) if p.stem.isascii() and p.stem.isdigit()},
        next(iter(files.grids.glob("reals.png")), None),
        damaged,
        evaluations,
    )


def names_of(folders: Sequence[Path]) -> list[str]:
    """The last parts of each path, as many as tell it from the others."""
    parts = [[printable(part) for part in folder.absolute().parts] for folder in folders]
    most = max(map(len, parts), default=0)
    for count in range(1, most + 1):
        names = ["/".join(one[-count:]) for one in parts]
        if len(set(names)) == len(set(map(tuple, parts))):
            return names
    return [str(folder) for folder in folders]


def facts_of(record: RunRecord | None, log: Log) -> dict[str, str]:
    """By label: images, seed, device, when, with what."""
    _, last = log.span
    found = {"images shown": f"{last:,.0f}", "records": f"{log.records:,}"}
    if (seconds := log.curves.get("time/seconds")) is not None:
        hours = seconds.values[-1] / 3600
        found["time"] = f"{hours:,.2f} hours" if hours >= 1 else f"{60 * hours:.1f} minutes"
    if record is None:
        return found
    found["trained on"] = f"{record.data.images:,} images of {record.data.where}"
    found["seed"] = str(record.seed)
    if record.sessions:
        began, now = record.sessions[0], record.sessions[-1]
        found["began"] = str(began.get("began", ""))
        found["sessions"] = str(len(record.sessions))
        found["device"] = _in(now, "machine", "device_name") or _in(now, "machine", "device")
        found["processes"] = str(now.get("processes", ""))
        found["gandsl"] = _in(now, "code", "gandsl_runtime") + f" {_in(now, 'code', 'commit')[:10]}".rstrip()
        found["torch"] = _in(now, "packages", "torch")
    return {label: said for label, said in found.items() if said}


def plan_of(path: Path) -> dict[str, Any]:
    """The fields of a plan by dotted name; nothing where the file is lost, or is none."""
    from gandsl_runtime.plan.difference import flat

    try:
        found = json.loads(read(path))
        return dict(flat(found)) if isinstance(found, dict) else {}
    except (OSError, ValueError, RecursionError):
        return {}


def _in(found: Any, *path: str) -> str:
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return "" if found is None else str(found)


def _stages(log: Log, sizes: Sequence[Size]) -> Iterator[RunEvent]:
    """Where the log first shows each stage of growth."""
    levels, alphas = log.curves.get("level"), log.curves.get("alpha")
    if levels is None:
        return
    fades = {} if alphas is None else dict(zip(alphas.images, alphas.values, strict=True))
    moments = zip(levels.images, levels.values, strict=True)
    rows = ((at, int(level), fades.get(at, 1.0) < 1) for at, level in moments)
    for (level, fading), found in groupby(rows, key=lambda row: row[1:]):
        size = "×".join(map(str, sizes[level])) if 0 <= level < len(sizes) else f"level {level}"
        yield RunEvent(next(found)[0], "stage", f"{size} fades in" if fading else size)


def _alarms(found: Sequence[dict[str, Any]]) -> Iterator[RunEvent]:
    for one in found[-MOST_EVENTS:]:
        images, action = _moment(one.get("images")), one.get("action")
        if images is not None:
            did = {"rollback": "went back: ", "stop": "ended the run: "}.get(str(action), "")
            yield RunEvent(images, "alarm", f"{did}{one.get('message', '')}")


def _moment(value: Any) -> int | None:
    """Images shown, where it is a count of them."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 <= value <= MOST else None


def _resumes(record: RunRecord | None) -> Iterator[RunEvent]:
    for session in record.sessions if record else ():
        images = _moment(session.get("images"))
        if images:
            yield RunEvent(images, "resume", f"resumed {session.get('began', '')}".strip())


def _changes(files: RunDir) -> Iterator[RunEvent]:
    """Moments up to which another plan was in force, whose file is kept."""
    for path in files.path.glob(f"{files.plan.stem}-*{files.plan.suffix}"):
        said = path.stem.rpartition("-")[2]
        if said.isascii() and said.isdigit() and len(said) < 16:
            yield RunEvent(int(said), "change", "the plan was changed (--change)")

"""What was measured, remembered in the user's cache folder under the hash of all that it depends on.

A file is a hint: one that is broken, of another version, or can't be read or written is ignored.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gandsl.version import __version__
from gandsl_runtime.errors import RuntimeFault
from gandsl_runtime.peak_memory.figures import KINDS, PhasePeak, StagePeaks, TermPeak
from gandsl_runtime.system.home import cache_folder

if TYPE_CHECKING:
    from gandsl.ir.game import GameIR
    from gandsl.ir.graph import NetworkIR
    from gandsl_runtime.plan import Plan

Levels = tuple[StagePeaks, ...]
MOST = 512  # files, of a few KiB; those that were not asked for the longest go


def folder() -> Path:
    """Where it is."""
    return cache_folder("memory")


def is_empty() -> bool:
    """Whether nothing was ever kept: then no key is worth its while."""
    return not folder().is_dir()


def key(networks: Mapping[str, NetworkIR], game: GameIR, plan: Plan, device: str) -> str:
    """The hash of networks, game, plan, device, and of the code that makes a step of them; not of torch."""
    from gandsl.ir.text import graph_text, network_text

    found = hashlib.sha256(f"{__version__} {_code()} {device}\n".encode())
    for network in networks.values():
        found.update(network_text(network, full=False).encode())
    for variant, graph in game.graphs.items():
        found.update(f"{graph_text(graph, variant, full=False)}{game.plan_at(variant)}\n".encode())
    found.update(plan.model_dump_json().encode())
    return found.hexdigest()[:40]


def kept(key: str) -> Levels | None:
    """What was kept; by the torch that is here, where there is one. Imports none."""
    path = folder() / f"{key}.json"
    with suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
        found = json.loads(path.read_text("utf-8"))
        if _torch() not in (None, found["torch"]):
            return None
        levels = tuple(map(_level, found["levels"]))
        with suppress(OSError):
            os.utime(path)
        return levels or None
    return None


def keep(key: str, levels: Levels) -> None:
    """Remember, where the folder can be written."""
    from gandsl_runtime.system.files import write

    with suppress(OSError, RuntimeFault):
        write(
            folder() / f"{key}.json", json.dumps({"torch": _torch(), "levels": [asdict(x) for x in levels]})
        )
        _forget(folder().glob("*.json"))


def _forget(paths: Iterable[Path]) -> None:
    """Remove the files that are too many."""
    ages = []
    for path in paths:
        with suppress(OSError):  # another process may have been first
            ages.append((path.stat().st_mtime, path))
    for _, path in sorted(ages)[:-MOST]:
        path.unlink(missing_ok=True)


def _level(found: Any) -> StagePeaks:
    """Raises what a strange file may raise."""
    size = found["size"]
    level = StagePeaks(
        None if size is None else tuple(map(int, size)),
        bool(found["fading"]),
        int(found["batch"]),
        int(found["micro_batch"]),
        tuple(map(_phase, found["phases"])),
    )
    _ = level.plain  # ValueError where there is no phase
    return level


def _phase(found: Any) -> PhasePeak:
    by_kind = {kind: int(found["by_kind"][kind]) for kind in KINDS}
    names = str(found["name"]), int(found["every"]), int(found["images"])
    terms = tuple(
        TermPeak(str(one["name"]), int(one["bytes"]), int(one["activations"])) for one in found["terms"]
    )
    return PhasePeak(*names, by_kind, str(found["at"]), bool(found["backward"]), terms)


@cache
def _torch() -> str | None:
    with suppress(PackageNotFoundError):
        return version("torch")
    return None


@cache
def _code() -> str:
    """What tells one state of gandsl's own code from another: names, sizes and times of its files."""
    import gandsl
    import gandsl_runtime

    found = hashlib.sha256()
    for package in (gandsl, gandsl_runtime):
        (root,) = package.__path__
        for place, folders, files in os.walk(root):
            folders[:] = sorted(name for name in folders if name not in UNRELATED)
            for name in sorted(files):
                if name.endswith(".py"):
                    about = os.stat(os.path.join(place, name))
                    found.update(f"{place} {name} {about.st_size} {about.st_mtime_ns}\n".encode())
    return found.hexdigest()


UNRELATED = {
    "__pycache__",
    "cli",
    "graph",
    "plot",
    "interop",
    "diff",
    "diagnostics",
    "codegen",
    "specs",
    "docs",
}

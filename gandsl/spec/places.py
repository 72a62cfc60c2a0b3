"""Where specs lie: in the working folder, on GANDSL_PATH, and those that gandsl has of its own."""

from __future__ import annotations

import os

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
STANDARD = os.path.join(PACKAGE, "std")
# an installed gandsl has them inside, by [tool.hatch.build.targets.wheel.force-include]; a checkout beside
_INSIDE, _BESIDE = os.path.join(PACKAGE, "specs"), os.path.join(os.path.dirname(PACKAGE), "specs")
SHIPPED = _INSIDE if os.path.isdir(_INSIDE) else _BESIDE
ENDING = ".yaml"
ENDINGS = (ENDING, ".yml")  # of any spec
TABLE = "short"  # beside the blocks for games, and no file of blocks: what the short form's names stand for


def block_folders(standard: str = STANDARD) -> tuple[str, str]:
    """Where files of the library's blocks lie: those for networks, and those for games."""
    return standard, os.path.join(standard, "game")


def namespaces(standard: str = STANDARD) -> list[str]:
    """The files of blocks of the standard library, those for games among them; none is read."""
    files = [
        file for folder in block_folders(standard) if os.path.isdir(folder) for file in os.listdir(folder)
    ]
    names = {file.removesuffix(ENDING) for file in files if file.endswith(ENDING)}
    return sorted(names - {TABLE})


def shared() -> list[str]:
    """Folders that every spec finds others in: those of GANDSL_PATH, then the specs that gandsl has."""
    return [*filter(None, os.environ.get("GANDSL_PATH", "").split(os.pathsep)), _from_here(SHIPPED)]


def climbs(written: str) -> bool:
    """Whether a name leads out of the folder it is looked up in."""
    return os.path.normpath(written).split(os.sep)[0] == os.pardir


def named(written: str) -> list[str]:
    """The files that a spec's name may mean, best first: `stylegan2`, `stylegan2/ada`, `mine.yaml`.

    It is looked up in the working folder, then in `shared()`, as written and with `.yaml`; what is absolute
    or climbs, nowhere else.
    """
    found: dict[str, str] = {}
    for folder in ("", *([] if os.path.isabs(written) or climbs(written) else shared())):
        for name in (written, written + ENDING):
            if os.path.isfile(path := os.path.join(folder, name)):
                found.setdefault(os.path.realpath(path), path)
                break
    return list(found.values())


def shipped() -> list[str]:
    """The names of the specs that gandsl has: first those of no folder, each group in order.

    A folder `parts` holds blocks that specs import.
    """
    found = [
        os.path.relpath(os.path.join(folder, file), SHIPPED).removesuffix(ENDING).replace(os.sep, "/")
        for folder, _, files in os.walk(SHIPPED)
        for file in files
        if file.endswith(ENDING) and os.path.basename(folder) != "parts"
    ]
    return sorted(found, key=lambda name: (name.count("/"), name))


def recorded_curves() -> dict[str, str]:
    """The files of recorded curves (`plot --reference`) that gandsl has, by the names of their specs."""
    folder = os.path.join(SHIPPED, "curves")
    files = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    return {
        file.removesuffix(".json"): os.path.join(folder, file) for file in files if file.endswith(".json")
    }


def _from_here(folder: str) -> str:
    """The shorter way to a folder below the working one."""
    try:
        inside = os.path.relpath(folder)
    except (OSError, ValueError):  # the working folder is gone, or is on another drive
        return folder
    return folder if climbs(inside) else inside

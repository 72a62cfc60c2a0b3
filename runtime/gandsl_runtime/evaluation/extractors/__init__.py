"""Extractors by their names: the built-in ones, those of other packages, those in a user's file."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import torch

from ...system.allocator import keep_freed_memory
from .base import Extracted, Extractor, ExtractorError, ExtractorFacts
from .resize import FILTERS

__all__ = [
    "DEFAULT",
    "GROUP",
    "Extracted",
    "Extractor",
    "ExtractorError",
    "ExtractorFacts",
    "named",
    "open_extractor",
]

DEFAULT = "lite0"
GROUP = "gandsl.extractors"

Opener = Callable[[Path | None, torch.device, str], Extractor]
"""What an entry point of the group holds: of a file, a device and a filter ("" for its own) it makes one."""

BUILT_IN = {
    "lite0": ("lite", "lite0"),
    "inception": ("inception", "inception"),
    "pytorch-fid": ("inception", "pytorch_fid"),
    "dinov2": ("vit", "dinov2"),
    "clip": ("vit", "clip"),
    "clip-gelu": ("vit", "clip_gelu"),
    "script": ("script", "script"),
}
"""Module and function of each."""


def named() -> list[str]:
    """The names of all extractors that are installed, sorted."""
    return sorted({*BUILT_IN, *(entry.name for entry in entry_points(group=GROUP))})


def open_extractor(name: str = DEFAULT, device: torch.device | str = "cpu", filter: str = "") -> Extractor:
    """The extractor that a user calls NAME or NAME:FILE, on a device; a file alone is a TorchScript module.

    `filter`: how images come to its side, where it is not as it was published. Raises ExtractorError,
    MissingExtra.
    """
    alone = name not in named() and Path(name).is_file()
    name, _, file = f"script:{name}".partition(":") if alone else name.partition(":")
    if filter and filter not in FILTERS:
        raise ExtractorError(f"there is no filter `{filter}`", f"there are {', '.join(FILTERS)}")
    if torch.device(device).type == "cpu":
        keep_freed_memory()
    made = _opener(name)(Path(file) if file else None, torch.device(device), filter)
    if not isinstance(getattr(made, "facts", None), ExtractorFacts) or not callable(made):
        raise ExtractorError(f"`{name}` is no extractor: it has no `facts`, or is not called with images")
    return made


def _opener(name: str) -> Opener:
    if name in BUILT_IN:
        module, function = BUILT_IN[name]
        found: Opener = getattr(import_module(f".{module}", __name__), function)
        return found
    entry = next(iter(entry_points(group=GROUP, name=name)), None)
    if entry is None:
        raise ExtractorError(f"there is no extractor `{name}`", f"there are {', '.join(named())}")
    return _loaded(entry)


def _loaded(entry: EntryPoint) -> Opener:
    """Raises ExtractorError, whatever goes wrong in the package."""
    try:
        found: Opener = entry.load()
    except Exception as error:  # of code that is not ours
        why = f"{entry.value} does not load: {type(error).__name__}: {error}"
        raise ExtractorError(
            f"the extractor `{entry.name}` cannot be used: {why}", "mend or update its package"
        ) from error
    return found

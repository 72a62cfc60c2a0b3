"""Tensors by name, of a file that a user has: safetensors, or what torch saves, without running its code."""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .base import ExtractorError, unreadable

Tensors = dict[str, Tensor]
WRAPPERS = ("state_dict", "model")  # under which some scripts save the tensors
DAMAGED = (
    OSError,
    ValueError,
    RuntimeError,
    EOFError,
    LookupError,
    pickle.UnpicklingError,
    zipfile.BadZipFile,
)
Rows = Sequence[tuple[str, str]]
"""A name in a file as a regular expression, and what it is here; an empty one is not wanted."""


def needed(file: Path | None, name: str, what: str) -> Path:
    """The file of an extractor that has none of its own. Raises ExtractorError without one."""
    if file is None:
        raise ExtractorError(
            f"the extractor `{name}` is in no package", f"give its file: {name}:FILE, {what}"
        )
    return file


def tensors_in(path: Path) -> Tensors:
    """Of a state_dict, in float32. A TorchScript module is read for its tensors: none of its functions is
    called, but it may run some of its own as it is loaded (`script.py`). Raises ExtractorError.
    """
    try:
        found = _read(path)
        while isinstance(found, dict) and (inner := next((w for w in WRAPPERS if w in found), None)):
            found = found[inner]
    except DAMAGED as error:
        why = (getattr(error, "strerror", None) or str(error) or type(error).__name__).splitlines()[0]
        raise unreadable(path, why) from error
    if not isinstance(found, dict) or not all(isinstance(one, Tensor) for one in found.values()):
        raise unreadable(path, "it holds other things than tensors by name")
    return {str(name): one.float() if one.is_floating_point() else one for name, one in found.items()}


def _read(path: Path) -> Any:
    with open(path, "rb") as file:
        head = file.read(9)
    if head[8:] == b"{":  # safetensors: the length of a JSON text, and the text
        from safetensors.torch import load_file

        return load_file(path)
    if is_script(path):
        return dict(script_in(path, torch.device("cpu")).state_dict())
    return torch.load(path, map_location="cpu", weights_only=True)


def is_script(path: Path) -> bool:
    """Whether it is a TorchScript module, which brings code along. Raises OSError, BadZipFile."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any("/code/" in name for name in archive.namelist())


def script_in(path: Path, device: torch.device) -> Any:
    """A TorchScript module. Raises RuntimeError, ValueError, OSError where it is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a format that published files have
        return torch.jit.load(path, map_location=device).eval()


def renamed(tensors: Tensors, rows: Rows) -> Tensors:
    """By the first row that fits a name whole; what fits none keeps its name, to be refused."""
    found: Tensors = {}
    for name, tensor in tensors.items():
        row = next((row for row in rows if re.fullmatch(row[0], name)), None)
        if row is None:
            found[name] = tensor
        elif row[1]:
            found[re.sub(row[0], row[1], name)] = tensor
    return found


def checked(tensors: Tensors, wanted: Iterable[str], path: Path, what: str) -> Tensors:
    """The tensors, if they are those of an extractor. Raises ExtractorError with the first differences."""
    wanted = set(wanted)
    missing, strange = sorted(wanted - tensors.keys()), sorted(tensors.keys() - wanted)
    if missing or strange:
        said = " and ".join(
            f"{verb} {_some(names)}" for verb, names in (("lacks", missing), ("has", strange)) if names
        )
        raise ExtractorError(f"{path} is no {what}: it {said}", "docs/evaluation.md names the files")
    return tensors


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 2} more" if len(names) > 3 else ""
    return ", ".join(f"`{name}`" for name in (names[:2] if more else names)) + more


def tried(make: Any, path: Path, what: str) -> Any:
    """What `make` makes, for tensors whose shapes may not go together. Raises ExtractorError."""
    try:
        return make()
    except (RuntimeError, ValueError, LookupError) as error:
        raise ExtractorError(
            f"{path} is no {what}: its tensors do not go together ({str(error).splitlines()[0]})",
            "docs/evaluation.md names the files",
        ) from error

"""Which published layout a checkpoint is in, and which network each of its state_dicts is of."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gandsl.interop.errors import InteropError, listed
from gandsl.interop.inert import TensorRef
from gandsl.interop.layout import Layout, Shapes, Side
from gandsl.interop.layouts import layouts
from gandsl.interop.parts import Part

SIDE_OF = {"generator": "generator", "average": "generator", "discriminator": "discriminator"}
"""Each part of a checkpoint, and the network that it is weights of; the average is the generator's EMA."""


def sources(written: Sequence[str]) -> list[Path] | dict[str, Path]:
    """Files as a command line names them: paths, or `generator=PATH` and the like for all of them."""
    named = [text.partition("=") for text in written]
    if not all(role in SIDE_OF and equals for role, equals, _ in named):
        return [Path(text) for text in written]
    return {role: Path(path) for role, _, path in named}


@dataclass(frozen=True)
class File:
    """An open checkpoint file. `role` is the part that the user says it is, if anything."""

    path: Path
    parts: Sequence[Part]
    loose: Mapping[str, TensorRef]
    aside: Sequence[str]
    size: int
    role: str | None = None


@dataclass(frozen=True)
class Recognized:
    """A state_dict with its place in a layout."""

    file: File
    part: Part
    side: Side
    tensors: Mapping[str, TensorRef]  # by the layout's own spelling of keys

    @property
    def shapes(self) -> Shapes:
        where = f"{self.file.path} ({self.part.path})" if self.part.path else str(self.file.path)
        return Shapes({key: ref.shape for key, ref in self.tensors.items()}, where)


def recognize(files: Sequence[File], name: str | None) -> tuple[Layout, dict[str, Recognized], list[str]]:
    """The layout, the recognized parts by role, and the names of what is left aside.

    The layout that knows most of the state_dicts wins; `name` leaves no choice. Raises InteropError.
    """
    known = layouts()
    if name is not None and name not in known:
        raise InteropError(f"there is no layout `{name}`", f"the layouts are {listed(list(known))}")
    found = [(layout, *_read(layout, files)) for layout in known.values() if name in (None, layout.name)]
    layout, parts, aside = max(found, key=lambda one: len(one[1]))
    if not parts:
        docs = listed([f"{layout.doc} ({layout.name})" for layout in known.values()])
        raise InteropError(_unknown(files, name), f"what is known: {docs}")
    return layout, parts, aside


def _read(layout: Layout, files: Sequence[File]) -> tuple[dict[str, Recognized], list[str]]:
    parts: dict[str, Recognized] = {}
    aside: list[str] = []
    for file in files:
        aside += file.aside
        for part in file.parts:
            tensors = _spelled(layout, part.tensors)
            fitting = (
                name for name, side in layout.sides.items() if _is(Recognized(file, part, side, tensors))
            )
            if (side := next(fitting, None)) is None:
                aside.append(part.path or file.path.name)
                continue
            role = _role(layout, file, part, side)
            if role in parts:
                raise InteropError(
                    f"{parts[role].file.path} and {file.path} both hold the {role}"
                    if parts[role].file.path != file.path
                    else f"{file.path} holds two state_dicts of the {role}",
                    "say which is which, such as `average=G_ema.pth generator=G.pth`",
                )
            parts[role] = Recognized(file, part, layout.sides[side], tensors)
    return parts, aside


def _spelled(layout: Layout, tensors: Mapping[str, TensorRef]) -> dict[str, TensorRef]:
    found = {}
    for key, tensor in tensors.items():
        for pattern, replacement in layout.aliases.items():
            key = re.sub(pattern, replacement, key)
        found[key] = tensor
    return found


def _is(found: Recognized) -> bool:
    side, keys = found.side, found.tensors.keys()
    return keys >= set(side.signs) and keys.isdisjoint(side.never) and side.fits(found.shapes)


def _role(layout: Layout, file: File, part: Part, side: str) -> str:
    """Which part it is: as the user says, else as checkpoint or file name it, else as its keys tell."""
    named = part.name or next(
        (
            name
            for name in sorted(layout.names, key=len, reverse=True)
            if re.match(rf"{name}(_|$)", file.path.stem)
        ),
        "",
    )
    role = file.role or layout.names.get(named, side)
    if SIDE_OF[role] == side:
        return role
    if file.role:
        raise InteropError(
            f"{file.path} holds a {side}, and is named as {file.role}", "name it as what it is"
        )
    return side


def _unknown(files: Sequence[File], name: str | None) -> str:
    said = f"is not in the layout {name}" if name else "is in no layout that is known"
    keys = [key for file in files for part in file.parts for key in list(part.tensors)[:4]]
    what = f"its tensors are named {listed(keys)}" if keys else "it holds no state_dict"
    return f"{', '.join(str(file.path) for file in files)} {said}: {what}"

"""Which published layout a checkpoint is in, and which network each of its state_dicts is of."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gandsl.interop.errors import InteropError, listed
from gandsl.interop.inert import TensorRef
from gandsl.interop.layout import Layout, Shapes, Side
from gandsl.interop.layouts import layouts
from gandsl.interop.peel import LocatedState, names_average

HALF = 0.5  # of its keys that a state_dict taken out of a wrapper must have in the layout's table

SIDE_OF = {"generator": "generator", "average": "generator", "discriminator": "discriminator"}
"""Each part of a checkpoint, and the network that it is weights of; the average is the generator's EMA."""


def sources(written: Sequence[str]) -> list[Path] | dict[str, Path]:
    """Files as a command line names them: paths, or `generator=PATH` and the like for all of them."""
    named = [text.partition("=") for text in written]
    if not all(role in SIDE_OF and equals for role, equals, _ in named):
        return [Path(text) for text in written]
    return {role: Path(path) for role, _, path in named}


@dataclass(frozen=True)
class CheckpointFile:
    """An open checkpoint file. `role` is the part that the user says it is, if anything."""

    path: Path
    parts: Sequence[LocatedState]
    loose: Mapping[str, TensorRef]
    aside: Sequence[str]
    size: int
    role: str | None = None


@dataclass(frozen=True)
class Recognized:
    """A state_dict with its place in a layout."""

    file: CheckpointFile
    part: LocatedState
    name: str  # of its side: generator, discriminator
    side: Side
    tensors: Mapping[str, TensorRef]  # by the layout's own spelling of keys

    @property
    def called(self) -> str:
        """Where it lies: the file, and the name in it."""
        return _called(self.file, self.part)

    @property
    def shapes(self) -> Shapes:
        where = f"{self.file.path} ({self.part.path})" if self.part.path else str(self.file.path)
        return Shapes({key: ref.shape for key, ref in self.tensors.items()}, where)


def recognize(
    files: Sequence[CheckpointFile], name: str | None, only: str | None = None
) -> tuple[Layout, dict[str, Recognized], list[str]]:
    """The layout, the recognized parts by role, and the names of what is left aside.

    The layout that knows most of the state_dicts wins, of equals the one for which least was taken off them;
    `name` leaves no choice. `only` leaves the other network aside, whatever it is. Raises InteropError.
    """
    known = layouts()
    if name is not None and name not in known:
        raise InteropError(f"there is no layout `{name}`", f"the layouts are {listed(list(known))}")
    read = [_read(layout, files) for layout in known.values() if name in (None, layout.name)]
    best = max(read, key=lambda one: (len(one.found), -sum(len(found.part.steps) for found in one.found)))
    if not best.found:
        docs = listed([f"{layout.doc} ({layout.name})" for layout in known.values()])
        raise InteropError(_unknown(files, name), f"what is known: {docs}")
    parts = _by_role(best)
    if not only:
        _check_whole(best)
        return best.layout, parts, best.aside
    kept = {role: one for role, one in parts.items() if SIDE_OF[role] == only}
    if not kept:
        held = ", ".join(str(file.path) for file in files)
        raise InteropError(
            f"{held} holds no {only} that is known, only {listed(list(parts))}", "leave out --only"
        )
    others = [_short(one.file, one.part) for role, one in parts.items() if role not in kept]
    return best.layout, kept, [*best.aside, *others]


@dataclass(frozen=True)
class _Reading:
    """The files as one layout knows them."""

    layout: Layout
    found: list[Recognized]
    unknown: list[tuple[CheckpointFile, LocatedState]]  # state_dicts, but none of this layout's
    aside: list[str]  # these and whatever else is there


def _read(layout: Layout, files: Sequence[CheckpointFile]) -> _Reading:
    found: list[Recognized] = []
    unknown: list[tuple[CheckpointFile, LocatedState]] = []
    for file in files:
        for part in file.parts:
            fitting = list(_fitting(layout, file, part))
            found += fitting
            if not fitting:
                unknown.append((file, part))
    aside = [name for file in files for name in file.aside]
    return _Reading(layout, found, unknown, aside + [_short(file, part) for file, part in unknown])


def _fitting(layout: Layout, file: CheckpointFile, part: LocatedState) -> Iterator[Recognized]:
    """The networks of the layout in a state_dict: itself, or what is left where wrappers are taken off."""
    part = part.bare
    tensors = _spelled(layout, part.tensors)
    for name, side in layout.sides.items():
        found = Recognized(file, part, name, side, tensors)
        if _is(found) and (not part.steps or _share(found) >= HALF):
            yield found
            return
    for inner in part.branches:
        yield from _fitting(layout, file, inner)


def _share(found: Recognized) -> float:
    """How many of the keys the layout's table could name: what is cut out of a whole may look alike."""
    templates = (re.split(r"\{\w+\}", entry.theirs) for entry in found.side.entries)
    named = re.compile("|".join({r"\w+".join(map(re.escape, pieces)) for pieces in templates}))
    return sum(named.fullmatch(key) is not None for key in found.tensors) / len(found.tensors)


def _by_role(reading: _Reading) -> dict[str, Recognized]:
    parts: dict[str, Recognized] = {}
    for one in reading.found:
        role = _role(reading.layout, one)
        if role in parts:
            first, remedy = parts[role], "say which is which, such as `average=G_ema.pth generator=G.pth`"
            if first.file is one.file:
                both = f"{first.part.path} and {one.part.path}"
                raise InteropError(
                    f"{one.file.path} holds two state_dicts of the {role}: {both}",
                    "save the one that is wanted with torch.save, and import that",
                )
            raise InteropError(f"{first.file.path} and {one.file.path} both hold the {role}", remedy)
        parts[role] = one
    return parts


def _check_whole(reading: _Reading) -> None:
    """Raise InteropError where a network of the checkpoint is none that the layout knows, and others are."""
    networks = {*reading.layout.names, *SIDE_OF}
    read = {one.file.path for one in reading.found}
    for file, part in reading.unknown:
        if file.path not in read or not networks.isdisjoint(part.names[:1]):
            other = next(iter({one.name for one in reading.found}))
            raise InteropError(
                f"{_called(file, part)} is no network of {reading.layout.doc}, and the {other} beside it is: "
                f"its tensors are named {listed(list(part.tensors)[:4])}. Nothing was loaded",
                f"--only {other} takes what is known",
            )


def _short(file: CheckpointFile, part: LocatedState) -> str:
    return part.path or file.path.name


def _called(file: CheckpointFile, part: LocatedState) -> str:
    return f"{file.path}:{part.path}" if part.path else str(file.path)


def _spelled(layout: Layout, tensors: Mapping[str, TensorRef]) -> dict[str, TensorRef]:
    ours = {written: key for key, written in spelling(layout, tensors).items()}
    return {ours.get(key, key): tensor for key, tensor in tensors.items()}


def spelling(layout: Layout, keys: Collection[str]) -> dict[str, str]:
    """The layout's own spelling of keys → the file's, where it is another."""
    found = {}
    for written in keys:
        key = written
        for pattern, replacement in layout.aliases.items():
            key = re.sub(pattern, replacement, key)
        if key not in keys:  # else the file has both, and the other spelling is one key too many
            found[key] = written
    return found


def _is(found: Recognized) -> bool:
    side, keys = found.side, found.tensors.keys()
    return keys >= set(side.signs) and keys.isdisjoint(side.never) and side.fits(found.shapes)


def _role(layout: Layout, found: Recognized) -> str:
    """Which part it is: as the user says, else as checkpoint or file name it, else as its keys tell."""
    file, part = found.file, found.part
    if file.role:
        if SIDE_OF[file.role] != found.name:
            raise InteropError(
                f"{file.path} holds a {found.name}, and is named as {file.role}", "name it as what it is"
            )
        return file.role
    named = next((layout.names[name] for name in part.names if name in layout.names), None)
    averaged = part.average or (not named and names_average(file.path.stem))
    role = "average" if averaged else named or _role_of_file(layout, file.path.stem) or found.name
    return role if SIDE_OF[role] == found.name else found.name


def _role_of_file(layout: Layout, stem: str) -> str | None:
    """`G_ema_best0` is the average, by the longest of the layout's names."""
    names = sorted(layout.names, key=len, reverse=True)
    return next((layout.names[name] for name in names if re.match(rf"{name}(_|$)", stem)), None)


def _unknown(files: Sequence[CheckpointFile], name: str | None) -> str:
    said = f"is not in the layout {name}" if name else "is in no layout that is known"
    keys = [key for file in files for part in file.parts for key in list(part.tensors)[:4]]
    what = f"its tensors are named {listed(keys)}" if keys else "it holds no state_dict"
    return f"{', '.join(str(file.path) for file in files)} {said}: {what}"

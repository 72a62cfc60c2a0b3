"""What an import found and did, for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from gandsl.interop.errors import listed


@dataclass(frozen=True)
class PartReport:
    """One state_dict: every key of it is in one of the three lists."""

    path: str  # where it lies: the file, and the name in it
    loaded: tuple[str, ...]  # keys that became weights or buffers
    verified: tuple[str, ...]  # keys that are the constants they must be
    carried: tuple[str, ...]  # keys of state without use here, kept beside the weights
    computed: tuple[str, ...] = ()  # keys of ours that the file lacks, and that follow from the rest
    unwrapped: tuple[str, ...] = ()  # what was taken off its keys, step by step


@dataclass(frozen=True)
class ImportReport:
    """An import."""

    layout: str
    doc: str
    spec: str
    parameters: Mapping[str, Any]  # changed from the spec's own values, so that they fit
    unrecorded: Mapping[str, Any]  # what the file does not tell: the spec's value
    sources: Mapping[str, str]  # file → SHA-256
    parts: Mapping[str, PartReport]
    aside: tuple[str, ...] = ()  # what else the file holds, and was not read
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    def text(self) -> str:
        """A few lines for a terminal."""
        from gandsl.interop.values import shown

        lines = [f"{', '.join(self.sources)}: {self.doc} (layout {self.layout})"]
        if self.parameters:
            settings = ", ".join(f"{name} {shown(value)}" for name, value in self.parameters.items())
            lines.append(f"as {self.spec} with {settings}")
        else:
            lines.append(f"as {self.spec}")
        if self.unrecorded:
            settings = ", ".join(f"{name} {shown(value)}" for name, value in self.unrecorded.items())
            lines.append(f"not told by the file, so as the spec has it: {settings}")
        for role, part in self.parts.items():
            counts = [f"{len(part.loaded)} tensors loaded"]
            counts += [f"{len(part.verified)} constants verified"] if part.verified else []
            counts += [f"carried: {listed(part.carried)}"] if part.carried else []
            counts += [f"{len(part.computed)} computed"] if part.computed else []
            lines.append(f"  {role}: {'; '.join(counts)}")
            lines += [f"    unwrapped: {', then '.join(part.unwrapped)}"] if part.unwrapped else []
        lines += [f"left aside: {listed(self.aside)}"] if self.aside else []
        lines += [f"note: {note}" for note in self.notes]
        return "\n".join(lines)

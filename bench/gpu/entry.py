"""One thing that is checked or measured, the groups they come in, and what all of them are given.

Imports nothing but the standard library: the process that deals entries out holds no torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Entry:
    """`work` is "module:function": called with the setting and what is `given`, in a process beside.

    It returns what it found, as JSON; it raises Skipped, or anything else where it fails. One that has less
    than `needs` seconds left is not begun; one that takes more than `most` hangs, and has failed.
    """

    name: str
    work: str
    given: Mapping[str, Any] = field(default_factory=dict)
    needs: float = 5.0
    most: float = 120.0
    beside: str | None = None  # of ours: the entry that this one is to be compared with


@dataclass(frozen=True)
class Group:
    """Entries in order; those not begun when the share `until` of all time is over are skipped.

    together: they time nothing, so that several processes may share the device. vital: nothing after it
    means anything where one of these fails.
    """

    name: str
    entries: tuple[Entry, ...]
    until: float
    together: bool = False
    vital: bool = False


@dataclass(frozen=True)
class Setting:
    """device: as torch names it. scratch: a folder for files. peers: name → where its code lies."""

    device: str
    scratch: Path
    peers: Mapping[str, Path] = field(default_factory=dict)
    threads: int = 1  # of torch, in each process

    @property
    def cuda(self) -> bool:
        return self.device.startswith("cuda")

    @property
    def patience(self) -> int:
        """How many times longer an entry may take than on a GPU's machine, which does nothing else."""
        return 1 if self.cuda else 10

    @property
    def tiny(self) -> bool:
        """In miniature: everything runs, and small."""
        return not self.cuda


class Skipped(Exception):
    """An entry can't be taken here, and that is nobody's fault. kind: counted alike, such as "no peer"."""

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(kind, why)
        self.kind, self.why = kind, why

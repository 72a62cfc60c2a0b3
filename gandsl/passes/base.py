"""What a pass is, and what it writes down."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from torch import fx

from gandsl.diagnostics.errors import InvariantError
from gandsl.passes.target import Target


class PassError(InvariantError):
    """A pass broke the graph: a bug in gandsl."""


@dataclass(frozen=True)
class Pass(ABC):
    """One rewrite.

    Outputs, first and second derivatives stay equal up to rounding, and so do state_dict keys.
    """

    name: ClassVar[str]
    promise: ClassVar[str]  # what stays equal, and how exactly

    @abstractmethod
    def apply(self, module: fx.GraphModule, log: PassRecord, target: Target) -> None:
        """Rewrite `module.graph` in place; say in `log` where it fired and why it did not elsewhere."""


@dataclass(frozen=True, slots=True)
class PassEvent:
    """One decision: `fired` at the node `where` (an id of the spec), or not, and the reason."""

    fired: bool
    where: str
    reason: str

    def __str__(self) -> str:
        return f"{'fired' if self.fired else 'skipped'} {self.where}: {self.reason}"


@dataclass
class PassRecord:
    """What one pass did to one program. `before` and `after` are the graph as text."""

    name: str
    promise: str
    before: str = ""
    after: str = ""
    nodes_before: int = 0
    nodes_after: int = 0
    events: list[PassEvent] = field(default_factory=list)

    def fire(self, where: fx.Node | str, what: str) -> None:
        """Something was rewritten at `where`."""
        self.events.append(PassEvent(True, _id(where), what))

    def skip(self, where: fx.Node | str, why: str) -> None:
        """Something at `where` looked like a case for the pass, but was left."""
        self.events.append(PassEvent(False, _id(where), why))

    @property
    def fired(self) -> list[PassEvent]:
        """Where it rewrote something."""
        return [event for event in self.events if event.fired]

    @property
    def skipped(self) -> list[PassEvent]:
        """Where it did not, and why."""
        return [event for event in self.events if not event.fired]

    def __str__(self) -> str:
        lines = [f"{self.name}: {self.nodes_before} → {self.nodes_after} nodes"]
        if not self.events:
            lines.append("  nothing in the program is a case for it")
        return "\n".join([*lines, *(f"  {event}" for event in self.events)])


def _id(where: fx.Node | str) -> str:
    return where if isinstance(where, str) else where.meta.get("id", where.name)


@dataclass
class PassLog:
    """The records of a pipeline's passes, in order."""

    records: list[PassRecord] = field(default_factory=list)

    def __iter__(self) -> Iterator[PassRecord]:
        return iter(self.records)

    def __getitem__(self, name: str) -> PassRecord:
        """The first record of the pass with this name. Raises KeyError."""
        for record in self.records:
            if record.name == name:
                return record
        raise KeyError(name)

    def dump(self) -> str:
        """For `--dump-passes`: the graph at the start, then what each pass did and the graph after it."""
        if not self.records:
            return ""
        parts = ["# lowered", self.records[0].before]
        for record in self.records:
            parts.append(f"\n# {record}")
            if record.after != record.before:
                parts.append(record.after)
        return "\n".join(parts) + "\n"

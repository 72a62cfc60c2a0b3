"""What a program is composed of: statements, and bodies of them, one for each scope."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gandsl.codegen.pieces import Piece

Path = tuple[str, ...]


def path_of(id_: str) -> Path:
    """`s8.conv0` as ("s8", "conv0")."""
    return tuple(id_.split("."))


@dataclass(frozen=True)
class Step:
    """One statement: a node, the unpacking of a list of styles, or (with a body) the call of a scope."""

    place: Path  # of the node or the scope
    reads: tuple[str, ...]
    results: tuple[str, ...]
    body: Body | None = None

    @property
    def unpacks(self) -> bool:
        """Whether it makes a Python list of all styles of a list of styles."""
        return self.body is None and len(self.results) > 1


@dataclass(frozen=True)
class Body:
    """What a scope computes in one program."""

    scope: Path
    piece: Piece
    params: tuple[str, ...]  # ids from outside
    steps: tuple[Step, ...]
    outputs: tuple[str, ...]  # ids that something outside reads

    def calls(self) -> Iterable[Body]:
        """This body and all bodies inside it."""
        yield self
        for step in self.steps:
            if step.body is not None:
                yield from step.body.calls()

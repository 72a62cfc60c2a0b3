"""Which nodes of a pass stand in the expression of their only reader, so that arithmetic reads as such.

Python evaluates an expression from left to right, each operand before the operation. Autograd goes back in
the opposite order, so that is the order in which the gradients of a tensor add up: where it has three readers
or more, these have to stay in the graph's order. So a node moves into its reader where it is computed next
anyway, or where all that it reads is read by two at most: a + b is b + a, to the bit.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from gandsl.analysis.game.slices import SOURCES
from gandsl.ir.graph import Graph

_UNNAMED = re.compile(r"\.(sub|log)\d*$")  # what an expression unfolds to, beside its last node
OF_SEVERAL = frozenset({"call", "gradient", "split", "augment"})  # give several tensors: a statement each
PICKS = "output"


def is_unnamed(id_: str) -> bool:
    """Whether a node is a part of an expression, under no name of its own."""
    return _UNNAMED.search(id_) is not None


@dataclass(frozen=True)
class Assignment:
    """A statement that makes `id`; or `again`: that makes of it what one can differentiate by."""

    id: str
    again: bool = False


@dataclass(frozen=True)
class PassBody:
    """The statements of a pass, in order; all other nodes stand inside of one, or of what is returned."""

    lines: tuple[Assignment, ...]
    inside: frozenset[str]


def body_of(
    graph: Graph,
    nodes: Sequence[str],
    losses: Iterable[str],
    values: Iterable[str],
    apart: Collection[str] = (),
) -> PassBody:
    """The statements of `nodes`. `losses` and `values` are returned; `apart` stay statements."""
    return _Nesting(graph, nodes, tuple(losses), tuple(values), apart).body()


class _Nesting:
    def __init__(
        self,
        graph: Graph,
        nodes: Sequence[str],
        losses: tuple[str, ...],
        values: tuple[str, ...],
        apart: Collection[str],
    ) -> None:
        self.graph, self.nodes, self.returned = graph, nodes, {*losses, *values}
        self.readers = Counter(id_ for one in nodes for id_ in graph[one].operands)
        self.readers.update((*losses, *values))
        of = {op: [graph[id_] for id_ in nodes if graph[id_].op == op] for op in ("call", "gradient")}
        self.differentiated = {by for node in of["gradient"] for by in node.inputs["by"]}
        given = {id_ for node in of["call"] for id_ in node.operands}  # some of it, in an order of its own
        self.named = {*apart, *given, *self.differentiated, *losses}
        self.learned = _upstream(graph, losses)
        self.lines: list[Assignment] = []
        self.pending: list[str] = []  # made, and waiting for their reader
        self.inside: set[str] = set()
        self.moving: set[str] = set()  # of these, what may be computed later than it stands in the graph

    def body(self) -> PassBody:
        for id_ in self.nodes:
            node = self.graph[id_]
            if node.op not in SOURCES and node.op not in (PICKS, "heard"):
                self._make(id_)
            if id_ in self.differentiated and node.op != "weights":
                self._flush()
                self.lines.append(Assignment(id_, again=True))
        if not self.returned.issuperset(self.pending):
            self._flush()
        return PassBody(tuple(self.lines), frozenset(self.inside))

    def _make(self, id_: str) -> None:
        operands = self.graph[id_].operands
        inner = [one for one in operands if one in self.pending]
        if inner and self.pending[-len(inner) :] != inner and not self.moving.issuperset(inner):
            self._flush()
        elif inner:
            self.pending = [one for one in self.pending if one not in inner]
        free = self.graph[id_].op not in OF_SEVERAL and id_ not in self.named
        if free and self.readers[id_] == 1 and is_unnamed(id_):
            self.pending.append(id_)
            self.inside.add(id_)
            if id_ not in self.learned or all(map(self._may_move, operands)):
                self.moving.add(id_)
            return
        self._flush()
        self.lines.append(Assignment(id_))

    def _flush(self) -> None:
        """What waits becomes statements, but for what no loss depends on: any time will do."""
        out = [one for one in self.pending if one in self.learned]
        self.lines.extend(map(Assignment, out))
        self.inside.difference_update(out)
        self.pending = [one for one in self.pending if one not in out]

    def _may_move(self, operand: str) -> bool:
        if operand in self.inside:
            return operand in self.moving
        constant = self.graph[operand].op in SOURCES and operand not in self.differentiated
        return constant or self.readers[operand] <= 2


def _upstream(graph: Graph, ids: Iterable[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(ids)
    while waiting:
        if (id_ := waiting.pop()) not in found:
            found.add(id_)
            waiting.extend(graph[id_].operands)
    return found

"""Statements: flat at first, one for each node of a program; and the nested bodies that they end up in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gandsl.codegen.analysis.methods import FlatMethod
from gandsl.ir.graph import Graph

Path = tuple[str, ...]


def path_of(id_: str) -> Path:
    """`s8.conv0` as ("s8", "conv0")."""
    return tuple(id_.split("."))


_OF_EXPRESSION = re.compile(r"\.sub\d*$")  # what an expression unfolds to, beside its last node


def of_expression(id_: str) -> bool:
    """Whether a node is a part of an expression, which nobody gave a name."""
    return bool(_OF_EXPRESSION.search(id_))


def place_of(graph: Graph, id_: str) -> Path:
    """Where a node's statement stands; a part of an expression beside its node, `c_sub` beside `c`."""
    path = path_of(id_)
    if of_expression(id_) and ".".join(path[:-1]) in graph.nodes:
        return (*path[:-2], "_".join(path[-2:]))
    return path


@dataclass(frozen=True)
class Statement:
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
    """What a scope computes in one program; a scope is made a second time where it shares layers."""

    scope: Path
    flat: FlatMethod
    params: tuple[str, ...]  # ids from outside
    statements: tuple[Statement, ...]
    outputs: tuple[str, ...]  # ids that something outside reads
    shares: Path | None = None  # the scope whose layers it runs in place of its own

    @property
    def module(self) -> Path:
        """The scope whose module computes it."""
        return self.scope if self.shares is None else self.shares

    def calls(self) -> Iterable[Body]:
        """This body and all bodies inside it."""
        yield self
        for statement in self.statements:
            if statement.body is not None:
                yield from statement.body.calls()


def flat_statements(flat: FlatMethod, homes: Mapping[str, Path]) -> list[Statement]:
    """The program's statements in its order, not yet put into scopes."""
    graph = flat.graph
    lists = _selections(flat)
    first: dict[str, str] = {}  # selection that is unpacked with others → the first of them
    for ids in lists.values():
        if len(ids) > 1 and sorted(graph[id_].attrs["index"] for id_ in ids) == list(range(len(ids))):
            first.update(dict.fromkeys(ids, ids[0]))
    found: list[Statement] = []
    for id_ in flat.nodes:
        node, place = graph[id_], place_of(graph, id_)
        if node.op != "select":
            found.append(Statement(place, node.operands, (id_,)))
            continue
        styles = node.operands[0]
        home = homes.get(styles, ())
        if id_ not in first:
            above = home[: len(place) - 1] == place[:-1]  # its own scope lies around all readers
            found.append(Statement((*home, place[-1]) if above else place, node.operands, (id_,)))
        elif first[id_] == id_:
            results = sorted(lists[styles], key=lambda one: graph[one].attrs["index"])
            found.append(Statement((*home, place[-1]), node.operands, tuple(results)))
    return found


def homes_of(methods: Sequence[FlatMethod]) -> dict[str, Path]:
    """List of styles → the innermost scope around all readers of its styles, in any program."""
    readers: dict[str, list[Path]] = {}
    for flat in methods:
        lists = _selections(flat)
        source = {id_: styles for styles, ids in lists.items() for id_ in ids}
        for id_ in flat.nodes:
            for operand in flat.graph[id_].operands:
                if operand in source:
                    readers.setdefault(source[operand], []).append(place_of(flat.graph, id_)[:-1])
        for id_ in flat.outputs:
            if id_ in source:
                readers.setdefault(source[id_], []).append(())
    return {styles: _around(paths) for styles, paths in readers.items()}


def _selections(flat: FlatMethod) -> dict[str, list[str]]:
    """List of styles → its selections."""
    found: dict[str, list[str]] = {}
    for id_ in flat.nodes:
        if flat.graph[id_].op == "select":
            found.setdefault(flat.graph[id_].operands[0], []).append(id_)
    return found


def _around(paths: Sequence[Path]) -> Path:
    """The innermost scope around all."""
    first, last = min(paths), max(paths)
    count = 0
    while count < min(len(first), len(last)) and first[count] == last[count]:
        count += 1
    return first[:count]

"""Statements of one node each; the styles of a list are unpacked by one, near to their readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gandsl.codegen.bodies import Path, Step, path_of
from gandsl.codegen.pieces import Piece


def atoms_of(piece: Piece, homes: Mapping[str, Path]) -> list[Step]:
    """The program's statements in its order, not yet put into scopes."""
    graph = piece.graph
    lists = _selections(piece)
    first: dict[str, str] = {}  # selection that is unpacked with others → the first of them
    for ids in lists.values():
        if len(ids) > 1 and sorted(graph[id_].attrs["index"] for id_ in ids) == list(range(len(ids))):
            first.update(dict.fromkeys(ids, ids[0]))
    found: list[Step] = []
    for id_ in piece.nodes:
        node, place = graph[id_], path_of(id_)
        if node.op != "select":
            found.append(Step(place, node.operands, (id_,)))
            continue
        styles = node.operands[0]
        home = homes.get(styles, ())
        if id_ not in first:
            above = home[: len(place) - 1] == place[:-1]  # its own scope lies around all readers
            found.append(Step((*home, place[-1]) if above else place, node.operands, (id_,)))
        elif first[id_] == id_:
            results = sorted(lists[styles], key=lambda one: graph[one].attrs["index"])
            found.append(Step((*home, place[-1]), node.operands, tuple(results)))
    return found


def homes_of(pieces: Sequence[Piece]) -> dict[str, Path]:
    """List of styles → the innermost scope around all readers of its styles, in any program."""
    readers: dict[str, list[Path]] = {}
    for piece in pieces:
        lists = _selections(piece)
        source = {id_: styles for styles, ids in lists.items() for id_ in ids}
        for id_ in piece.nodes:
            for operand in piece.graph[id_].operands:
                if operand in source:
                    readers.setdefault(source[operand], []).append(path_of(id_)[:-1])
        for id_ in piece.outputs:
            if id_ in source:
                readers.setdefault(source[id_], []).append(())
    return {styles: _around(paths) for styles, paths in readers.items()}


def _selections(piece: Piece) -> dict[str, list[str]]:
    """List of styles → its selections."""
    found: dict[str, list[str]] = {}
    for id_ in piece.nodes:
        if piece.graph[id_].op == "select":
            found.setdefault(piece.graph[id_].operands[0], []).append(id_)
    return found


def _around(paths: Sequence[Path]) -> Path:
    """The innermost scope around all."""
    first, last = min(paths), max(paths)
    count = 0
    while count < min(len(first), len(last)) and first[count] == last[count]:
        count += 1
    return first[:count]

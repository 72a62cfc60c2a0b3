"""Names of variables in a pass: as short as they are clear, after the spec's nodes and terms."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from gandsl.codegen.analysis.game.nesting import OF_SEVERAL, PICKS
from gandsl.codegen.identifiers import local_name
from gandsl.ir.graph import Graph

_UNNAMED = re.compile(r"(sub|log)\d*")
_PLAIN = re.compile(r"x(\d*)")  # the only, or the first, of what a block or a split gives


def names_of(
    graph: Graph, ids: Iterable[str], terms: Mapping[str, str], alone: Collection[str], taken: Iterable[str]
) -> dict[str, str]:
    """A variable for each id. `terms`: node → the name that it has as a term, or in the log, if no other;
    `alone`: outputs read alone.
    """
    used = set(taken)
    found: dict[str, str] = {}
    for id_ in ids:
        for wanted in _wanted(graph, id_, terms, id_ in alone):
            name = local_name(wanted)
            if name not in used:
                break
        else:
            name = local_name(id_, used)
        used.add(name)
        found[id_] = name
    return found


def _wanted(graph: Graph, id_: str, terms: Mapping[str, str], alone: bool) -> Iterable[str]:
    if id_ in terms:
        yield terms[id_]
    node = graph.nodes.get(id_)
    parts = id_.split(".")
    if node is not None and node.op == PICKS:
        (of,) = node.operands
        parts = of.split(".") + ([] if alone else [parts[-1]])
        if not alone and graph[of].op in OF_SEVERAL - {"call"}:
            parts = [*parts[:-2], f"{parts[-2]}{node.attrs['index']}"]
    if len(parts) > 1 and (plain := _PLAIN.fullmatch(parts[-1])):
        parts = [*parts[:-2], parts[-2] + plain[1]]
    if len(parts) > 1 and _UNNAMED.fullmatch(parts[-1]):
        what = "constant" if node is not None and node.op == "clock" else node.op if node is not None else ""
        parts = [*parts[:-2], f"{parts[-2]}_{what}"]
    least = 2 if node is not None and node.op == PICKS and not alone and graph[of].op == "call" else 1
    for count in range(least, len(parts) + 1):
        yield "_".join(parts[-count:])

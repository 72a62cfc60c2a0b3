"""A program as nested boxes: ids are paths, blocks and stages their prefixes; rows follow the data.

Layering is fixed here, once, for the SVG (geometry.py); the page lays out what is open anew (page/layout.js).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gandsl.analysis.cost import Cost, is_stage
from gandsl.ir.game import GAME
from gandsl.ir.graph import Graph, Node
from gandsl.ir.types import TensorType, is_a

WIDEST_ROW = 6  # boxes; a longer row goes on below
WITHIN = "…"  # behind the id of a group that is called as a node in it
MOST_BOXES = 40  # of a network that show before one opens any


@dataclass(frozen=True)
class Box:
    """A primitive (`node`) or a group of boxes in rows, from top to bottom."""

    id: str
    title: str
    node: Node | None = None
    rows: tuple[tuple[Box, ...], ...] = ()
    stage: bool = False  # or an expression: what is shut at first
    what: str = ""  # "block `res_up`", "stage s32"
    cost: Cost = field(default_factory=Cost)
    conditions: tuple[str, ...] = ()  # inputs told in words: styles, labels and vectors from far away
    gives: tuple[TensorType, ...] = ()  # types that leave a group

    @property
    def children(self) -> tuple[Box, ...]:
        return tuple(box for row in self.rows for box in row)


@dataclass(frozen=True, slots=True)
class Edge:
    """`target` reads `source` at this port; both are primitives in the tree."""

    source: str
    target: str
    port: str
    place: int = 0  # among the port's operands
    select: str = ""  # the `select` node between them, which has no box,
    element: str = ""  # and what it takes: `ws[3]`
    counts: bool = False  # for the size of the batch alone
    told: bool = False  # from afar: the SVG says it in words


@dataclass(frozen=True)
class Picture:
    """One network, or a game: its tree, all its edges, and what it gives."""

    root: Box
    edges: tuple[Edge, ...]
    outputs: Mapping[str, str]  # name → primitive
    said: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # output → what it is, where that is news
    weights: Mapping[str, str] = field(default_factory=dict)  # output → the primitive that weighs it

    @property
    def lines(self) -> tuple[Edge, ...]:
        """The edges that the SVG draws; the others stand in words at their readers."""
        return tuple(edge for edge in self.edges if not edge.told)


def picture(graph: Graph, costs: Mapping[str, Cost], words: Mapping[str, str] | None = None) -> Picture:
    """The tree of a program. A `select` is shown at its readers, as `ws[3]`, where it has any.

    So is an `output` of what a game calls. `words`: what groups are that no block or stage made, by path.
    """
    read = {id_ for node in graph for id_ in node.operands} - set(graph.outputs.values())
    hidden = {node.id for node in graph if node.op in ("select", "output") and node.id in read}
    shown = [node for node in graph if node.id not in hidden]
    edges = [
        _edge(graph, node, port, place, id_, id_ in hidden)
        for node in shown
        for port, ids in node.inputs.items()
        for place, id_ in enumerate(ids)
    ]
    root = _Builder(graph, shown, edges, costs, words or {}).group("", [node.id for node in shown])
    return Picture(root, tuple(edges), graph.outputs)


def _edge(graph: Graph, node: Node, port: str, place: int, id_: str, through: bool) -> Edge:
    source, select, element = id_, "", ""
    if through:
        (source,) = graph[id_].inputs["x"]
        picked = f"[{graph[id_].attrs['index']}]" if graph[id_].op == "select" else f".{_last(id_)}"
        select, element = id_, f"{_last(source)}{picked}"
    counts = any(one.name == port and one.counts for one in node.spec.ports)
    told = graph.network != GAME and _is_condition(graph, source, node)
    return Edge(source, node.id, port, place, select, element, counts, told)


def _name(edge: Edge) -> str:
    return edge.element or _last(edge.source)


def _last(id_: str) -> str:
    return id_.rpartition(".")[2]


def _is_condition(graph: Graph, source: str, node: Node) -> bool:
    """Whether an input steers the node from afar rather than flows through it."""
    kind = graph[source].type.kind
    apart = source.rpartition(".")[0] != node.id.rpartition(".")[0]
    if kind in ("Styles", "Label", "Scalar"):
        return apart
    return apart and is_a(kind, "Vector") and bool(node.type.sides)


class _Builder:
    def __init__(
        self,
        graph: Graph,
        shown: Sequence[Node],
        edges: Sequence[Edge],
        costs: Mapping[str, Cost],
        words: Mapping[str, str],
    ) -> None:
        self.graph, self.costs, self.words = graph, costs, words
        self.order = {node.id: index for index, node in enumerate(shown)}
        self.edges = [edge for edge in edges if not edge.told]  # rows follow what is drawn
        self.told = [edge for edge in edges if edge.told]

    def group(self, path: str, ids: Sequence[str]) -> Box:
        """The box of a path, which holds these primitives."""
        depth = path.count(".") + 1 if path else 0
        members: dict[str, list[str]] = {}
        for id_ in ids:
            members.setdefault(".".join(id_.split(".")[: depth + 1]), []).append(id_)
        boxes = {name: self._box(name, inside) for name, inside in members.items()}
        cost = sum((self.costs.get(id_, Cost()) for id_ in ids), Cost())
        rows = tuple(
            tuple(boxes[name] for name in row) for row in _wrapped(_layers(members, self._between(members)))
        )
        title = path.rpartition(".")[2]
        what, gives = self._what(path, depth, ids), self._gives(ids)
        id_ = f"{path}{WITHIN}" if path in members else path  # an expression is called as its last node
        afar = dict.fromkeys(
            edge.source for edge in self.told if edge.target in ids and edge.source not in ids
        )
        told = (f"reads {', '.join(map(_last, afar))}",) if afar else ()
        shut = is_stage(title) or what.startswith("= ")
        return Box(id_, title, None, rows, shut, what, cost, told, gives)

    def _box(self, name: str, ids: Sequence[str]) -> Box:
        if len(ids) > 1:
            return self.group(name, ids)
        (id_,) = ids  # a group of one is the one
        parent = name.rpartition(".")[0]
        title = id_.removeprefix(f"{parent}.") if parent else id_
        told = tuple(f"{edge.port}: {_name(edge)}" for edge in self.told if edge.target == id_)
        return Box(id_, title, self.graph[id_], cost=self.costs.get(id_, Cost()), conditions=told)

    def _what(self, path: str, depth: int, ids: Sequence[str]) -> str:
        """What made this level of the path: the frame that all its nodes share at this depth."""
        if words := self.words.get(path):
            return words
        found = {
            frames[-depth].what
            for id_ in ids
            if len(frames := self.graph[id_].provenance.frames) >= depth > 0
        }
        return found.pop() if path and len(found) == 1 else ""

    def _gives(self, ids: Sequence[str]) -> tuple[TensorType, ...]:
        """What others read of a group; where nobody does, its last node."""
        inside = set(ids)
        read = [
            edge.source
            for edge in (*self.edges, *self.told)
            if edge.source in inside and edge.target not in inside
        ]
        return tuple(
            dict.fromkeys(
                self.graph[id_].type for id_ in sorted(read or ids[-1:], key=self.order.__getitem__)
            )
        )

    def _between(self, members: Mapping[str, Sequence[str]]) -> set[tuple[str, str]]:
        """Edges between a group's members. One that feeds a member above it makes none: rows go down."""
        owner = {id_: name for name, ids in members.items() for id_ in ids}
        first = {name: min(self.order[id_] for id_ in ids) for name, ids in members.items()}
        pairs = {
            (owner[edge.source], owner[edge.target])
            for edge in self.edges
            if edge.source in owner and edge.target in owner
        }
        return {(a, b) for a, b in pairs if a != b and first[a] < first[b]}


def _layers(names: Iterable[str], edges: set[tuple[str, str]]) -> list[list[str]]:
    """Rows by longest path; what nothing in the group feeds stands right above its first reader."""
    order = list(names)
    rank = dict.fromkeys(order, 0)
    for name in order:  # in order of evaluation, as far as there is one
        rank[name] = max((rank[a] + 1 for a, b in edges if b == name), default=0)
    fed = {b for _, b in edges}
    for name in reversed(order):
        if name not in fed:
            rank[name] = max(0, min((rank[b] - 1 for a, b in edges if a == name), default=rank[name]))
    rows: dict[int, list[str]] = {}
    for name in order:
        rows.setdefault(rank[name], []).append(name)
    return [rows[index] for index in sorted(rows)]


def _wrapped(rows: Iterable[list[str]]) -> list[list[str]]:
    return [row[start : start + WIDEST_ROW] for row in rows for start in range(0, len(row), WIDEST_ROW)]


def opened(root: Box, depth: int | None = None) -> set[str]:
    """The groups drawn open: the first `depth` levels, or by default all but the stages.

    By default no level opens by which more than `MOST_BOXES` would show; who opens a group sees all of it.
    """
    found = {
        box.id for box, level in _groups(root) if (level <= depth if depth is not None else not box.stage)
    }
    if depth is None:
        level, shown = [root], len(root.children)
        while level := [box for one in level for box in one.children if box.id in found and box.node is None]:
            shown += sum(len(box.children) for box in level)
            if shown > MOST_BOXES:
                return found - {box.id for box in level}
    return found


def _groups(box: Box, level: int = 0) -> Iterator[tuple[Box, int]]:
    if box.node is None:
        yield box, level
        for child in box.children:
            yield from _groups(child, level + 1)

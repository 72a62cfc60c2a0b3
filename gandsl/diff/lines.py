"""A graph's differences as few lines: `synthesis.s8…s256: conv0, conv1 — weight equalized → spectral`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from gandsl.diff.fold import StageRun, fold, place, roots, stage_order
from gandsl.diff.nodes import GraphDiff, NodeChange
from gandsl.diff.values import MISSING, ValueChange, shown
from gandsl.ir.graph import Graph
from gandsl.records import dataclass


@dataclass(frozen=True, slots=True)
class DiffLine:
    """`sign` is + (added), - (removed) or ~ (changed); `what` says what became of the nodes."""

    sign: str
    where: StageRun
    what: str

    def text(self) -> str:
        return f"{self.sign} {self.where.text()}" + (f"  {self.what}" if self.what else "")


def graph_lines(diff: GraphDiff) -> list[DiffLine]:
    """What was removed, added and changed; nodes whose shape alone changed are left to `reshaped`."""
    orders = stage_order(diff.old.nodes, diff.new.nodes)
    changed = [change for change in diff.changed if not change.shape_only]
    return [
        *_whole("-", diff.removed, diff.old, diff.new, orders),
        *_whole("+", diff.added, diff.new, diff.old, orders),
        *_changed(changed, orders),
    ]


def reshaped(diff: GraphDiff) -> list[NodeChange]:
    """Nodes that only work on other sizes, as a consequence of what stands elsewhere."""
    return [change for change in diff.changed if change.shape_only]


def _whole(
    sign: str, ids: Sequence[str], graph: Graph, other: Graph, orders: Mapping[str, Sequence[str]]
) -> list[DiffLine]:
    """Added or removed nodes: a subtree that is there as a whole counts as one, with its number of nodes."""
    groups: dict[str, list[str]] = {}
    for root, count in roots(ids, other.nodes).items():
        node = graph.nodes.get(root)
        what = f"({node.op})" if node else f"({count} node{'s' * (count > 1)})"
        groups.setdefault(what, []).append(root)
    lines = []
    for what, members in groups.items():
        for where in fold(members, orders):
            each = "node" in what and where.count > 1
            lines.append(DiffLine(sign, where, what.replace(")", " each)") if each else what))
    return lines


def _changed(changed: Iterable[NodeChange], orders: Mapping[str, Sequence[str]]) -> list[DiffLine]:
    """One line for each change that is the same in many nodes."""
    same: dict[tuple[str, str, str], list[tuple[str, ValueChange]]] = {}  # one node of all stages, one field
    for change in changed:
        where = place(change.id)
        for field in change.fields:
            if field.path != "type":  # follows from the others, and the shapes are in the JSON
                same.setdefault((where.prefix, where.leaf, field.path), []).append((change.id, field))
    texts: dict[str, list[str]] = {}
    for (_, _, path), members in same.items():
        ratio = _ratio([field for _, field in members])
        for id_, field in members:
            what = ratio or f"{_short(field.old, id_, orders)} → {_short(field.new, id_, orders)}"
            texts.setdefault(f"{path} {what}", []).append(id_)
    return [DiffLine("~", where, what) for what, ids in texts.items() for where in fold(ids, orders)]


def _ratio(fields: Sequence[ValueChange]) -> str | None:
    """`512…32 → 256…16 (×1/2)` where whole numbers that differ from stage to stage changed by one factor."""
    pairs = [(field.old, field.new) for field in fields]
    if len(set(map(str, pairs))) < 2 or not all(type(n) is int and n > 0 for pair in pairs for n in pair):
        return None
    ratios = {Fraction(new, old) for old, new in pairs}
    if len(ratios) > 1:
        return None
    (old_first, new_first), (old_last, new_last) = pairs[0], pairs[-1]
    return f"{old_first}…{old_last} → {new_first}…{new_last} (×{ratios.pop()})"


def _short(value: object, id_: str, orders: Mapping[str, Sequence[str]]) -> str:
    """A value; ids of inputs as the node's own stage sees them."""
    if value is MISSING or value == ():
        return "nothing"
    if isinstance(value, tuple) and value and all(isinstance(item, str) for item in value):
        return ", ".join(_relative(str(item), id_, orders) for item in value)
    return shown(value)


def _relative(input_: str, id_: str, orders: Mapping[str, Sequence[str]]) -> str:
    """`conv0` in the same stage, `previous.conv0` in the one before, else the id."""
    here, there = place(id_), place(input_)
    if not here.stage or there.prefix != here.prefix:
        return input_
    if there.stage == here.stage:
        return there.leaf
    order = orders.get(here.prefix, ())
    before = order.index(here.stage) - 1 if here.stage in order else -1
    return f"previous.{there.leaf}" if before >= 0 and order[before] == there.stage else input_

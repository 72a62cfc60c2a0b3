"""Two programs node by node: which were added or removed, and what changed in those that stayed."""

from __future__ import annotations

from collections.abc import Mapping

from gandsl.diff.values import MISSING, ValueChange, same
from gandsl.ir.graph import Graph, Node
from gandsl.records import dataclass
from gandsl_runtime.moved import renamed


@dataclass(frozen=True, slots=True)
class NodeChange:
    """A node that both programs have. `fields` are `op`, parameters, `inputs.PORT`, `layer` (the node
    whose layer it runs) and `type`.
    """

    id: str  # in the new program
    old: Node
    new: Node
    fields: tuple[ValueChange, ...]

    @property
    def shape_only(self) -> bool:
        """Whether it merely works on other sizes than before: a consequence of a change elsewhere."""
        return all(field.path == "type" for field in self.fields)


@dataclass(frozen=True)
class GraphDiff:
    """Ids are the new program's, except in `removed`."""

    old: Graph
    new: Graph
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[NodeChange, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


def diff_graphs(old: Graph, new: Graph, moved: Mapping[str, str]) -> GraphDiff:
    """`moved`: old path → new path, within this network."""
    names = {id_: renamed(id_, moved) for id_ in old.nodes}
    there = {name: old[id_] for id_, name in names.items()}
    changed = []
    for node in new:
        if node.id in there and (fields := _fields(there[node.id], node, names)):
            changed.append(NodeChange(node.id, there[node.id], node, fields))
    return GraphDiff(
        old,
        new,
        tuple(node.id for node in new if node.id not in there),
        tuple(id_ for id_, name in names.items() if name not in new.nodes),
        tuple(changed),
    )


def _fields(old: Node, new: Node, names: Mapping[str, str]) -> tuple[ValueChange, ...]:
    found = []
    if old.op != new.op:
        found.append(ValueChange("op", old.op, new.op))
    for name in dict.fromkeys((*old.attrs, *new.attrs)):
        before, after = old.attrs.get(name, MISSING), new.attrs.get(name, MISSING)
        if old.op != new.op and MISSING in (before, after):
            continue  # another op has other parameters: no news
        if not same(before, after):
            found.append(ValueChange(name, before, after))
    for port in dict.fromkeys((*old.inputs, *new.inputs)):
        was = tuple(names[id_] for id_ in old.inputs.get(port, ()))
        now = new.inputs.get(port, ())
        if was != now:
            found.append(ValueChange(f"inputs.{port}", was, now))
    was_layer = names.get(old.shares, old.shares)
    if was_layer != new.shares:
        found.append(ValueChange("layer", was_layer or MISSING, new.shares or MISSING))
    if old.type != new.type:
        found.append(ValueChange("type", str(old.type), str(new.type)))
    return tuple(found)

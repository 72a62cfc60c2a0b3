"""The graph of a game under construction: nodes of expressions besides, lists entry by entry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from gandsl.diagnostics import Span
from gandsl.diagnostics.errors import Fault
from gandsl.frontend.builder import Builder
from gandsl.frontend.context import Context
from gandsl.frontend.game.values import GameTensor, leaves, mapped
from gandsl.frontend.reporting import Reporter
from gandsl.frontend.values import TensorValue
from gandsl.ir.graph import Node
from gandsl.ir.op import Call, Op
from gandsl.ir.ops import GAME_OPS, OPS
from gandsl.ir.text import default_of
from gandsl.ir.types import TensorType, is_a
from gandsl.spec.values import POISON, Algebra, Poison

ROWS: Mapping[str, Op] = OPS | GAME_OPS


LARGEST_FLOAT = 3.4028234663852886e38  # of float32


@dataclass
class Site:
    """The node that is being unfolded: what its expressions make is called after it."""

    id: str
    fresh: dict[str, None] = field(default_factory=dict)  # ids of the nodes made for its expressions


class GameBuilder(Builder):
    """Nodes of one graph of a game."""

    def __init__(self, reporter: Reporter) -> None:
        super().__init__(reporter)
        self.algebra: Algebra | None = None
        self._sites: list[Site] = []
        self._read: list[tuple[Context, Span]] = []  # what is evaluated, innermost last

    def tensor(self, node: Node) -> GameTensor:
        return GameTensor(node.id, node.type, self._select, self.algebra)

    # ---- where expressions stand

    @contextmanager
    def unfolding(self, id_: str) -> Iterator[None]:
        """Around the work on one node."""
        self._sites.append(Site(id_))
        try:
            yield
        finally:
            self._sites.pop()

    @contextmanager
    def reading(self, context: Context, span: Span) -> Iterator[None]:
        """Around the evaluation of a text."""
        self._read.append((context, span))
        try:
            yield
        finally:
            self._read.pop()

    # ---- nodes of expressions

    def make(self, name: str, inputs: Mapping[str, Sequence[GameTensor]], **attrs: Any) -> GameTensor:
        """A node for a part of the expression that is read. Raises Fault where its op's row refuses."""
        if not self._sites:  # a condition, an interval, a batch: what the graph is made by
            raise Fault("G0105", f"`{name}` computes a tensor, and what stands here is known before any is")
        op = ROWS[name]
        for port in op.ports:
            for tensor in inputs.get(port.name, ()):
                if not any(is_a(tensor.type.kind, kind) for kind in port.everywhere):
                    wanted = " or ".join(port.everywhere)
                    raise Fault("G0211", f"`{name}` takes {wanted}, not {tensor.kind_name}")
        given = {port: tuple(tensors) for port, tensors in inputs.items() if tensors}
        whole = _whole(op, attrs)
        if (large := _too_large(whole)) is not None:
            raise Fault("G0109", f"{large:g} is more than a tensor holds")
        type_ = op.result(Call({port: tuple(t.type for t in ts) for port, ts in given.items()}, whole))
        site, (context, span) = self._sites[-1], self._read[-1]
        id_ = self._free(f"{site.id}.sub")
        site.fresh[id_] = None
        ids = {port: tuple(t.id for t in tensors) for port, tensors in given.items()}
        self._keep(Node(id_, name, ids, whole, type_, context.provenance(span)))
        return self.tensor(self.nodes[id_])

    def _free(self, name: str) -> str:
        id_, number = name, 0
        while id_ in self.nodes:
            number += 1
            id_ = f"{name}{number}"
        return id_

    def settle(self, value: Any, name: str, context: Context, span: Span) -> Any:
        """`value`, whose nodes this expression has made, under the node's own name; POISON after reporting.

        Of a list the first has the name, the others it and their place. What other nodes made keeps its id.
        """
        fresh = self._sites[-1].fresh
        ids: dict[str, str] = {}
        for place, tensor in enumerate(leaves(value)):
            if isinstance(tensor, GameTensor) and tensor.id in fresh and tensor.id not in ids:
                ids[tensor.id] = context.at(numbered(name, place))
        for id_ in ids.values():
            if id_ in self.nodes:
                self._clash(id_, self.nodes[id_], context, span)
                return POISON
        if not ids:
            return value
        self._rename(ids)
        return mapped(
            lambda one: (
                self.tensor(self.nodes[ids[one.id]]) if isinstance(one, GameTensor) and one.id in ids else one
            ),
            value,
        )

    def _rename(self, ids: Mapping[str, str]) -> None:
        """Nodes of this expression get other ids; nothing else has read them."""
        fresh = self._sites[-1].fresh
        renamed: dict[str, Node] = {}
        for node in self.nodes.values():
            if node.id in fresh:
                inputs = {
                    port: tuple(ids.get(id_, id_) for id_ in read) for port, read in node.inputs.items()
                }
                node = replace(node, id=ids.get(node.id, node.id), inputs=inputs)
            renamed[node.id] = node
        self.nodes = renamed
        for id_ in ids:
            del fresh[id_]

    # ---- nodes that are written

    def add(
        self,
        name: str,
        op: Op,
        inputs: Mapping[str, tuple[Any, ...]],
        attrs: Mapping[str, Any],
        context: Context,
        span: Span,
        places: Mapping[str, Span],
    ) -> Any:
        """A new node: a tensor; of lists a list, entry by entry; a list where an op gives several tensors."""
        inputs = {
            port.name: tuple(leaves(inputs.get(port.name, ())))
            if port.variadic
            else inputs.get(port.name, ())
            for port in op.ports
        }
        if (large := _too_large(attrs)) is not None:
            self._reporter.at(context).add("G0109", f"{large:g} is more than a tensor holds", span)
            return POISON
        lists = {len(one) for tensors in inputs.values() for one in tensors if isinstance(one, list)}
        if not lists:
            node = super().add(name, op, inputs, attrs, context, span, places)
            return node if node is POISON or op.name not in _GIVES else self._picked(node, op, inputs, attrs)
        if len(lists) > 1:
            few, many = sorted(lists)[:2]
            message = f"lists of {few} and of {many} entries cannot be computed with, entry by entry"
            self._reporter.at(context).add("G0330", message, span)
            return POISON
        (length,) = lists
        found = [
            self.add(
                numbered(name, i),
                op,
                {
                    port: tuple(one[i] if isinstance(one, list) else one for one in tensors)
                    for port, tensors in inputs.items()
                },
                attrs,
                context,
                span,
                places,
            )
            for i in range(length)
        ]
        return POISON if any(one is POISON for one in found) else found

    def _picked(
        self,
        node: TensorValue,
        op: Op,
        inputs: Mapping[str, tuple[GameTensor, ...]],
        attrs: Mapping[str, Any],
    ) -> Any:
        """What an op gives of several tensors: one tensor, or the list of them."""
        port, types = _GIVES[op.name](inputs, attrs)
        picked = [self.pick(node.id, numbered(port, i), i, type_) for i, type_ in enumerate(types)]
        return picked[0] if len(picked) == 1 else picked

    def pick(self, source: str, name: str, index: int, type_: TensorType) -> GameTensor:
        """One of the tensors that a node gives: `SOURCE.NAME`."""
        attrs = {"index": index, "kind": type_.kind, "shape": type_.shape, "times": type_.times}
        place = self.nodes[source].provenance
        self._keep(Node(f"{source}.{name}", "output", {"x": (source,)}, attrs, type_, place))
        return self.tensor(self.nodes[f"{source}.{name}"])

    def source(
        self, name: str, op: str, attrs: Mapping[str, Any], context: Context, span: Span
    ) -> GameTensor | Poison:
        """A node that reads nothing; POISON after reporting."""
        row = ROWS[op]
        found = self.add(name, row, {}, _whole(row, attrs), context, span, {})
        return found if found is POISON else self.tensor(self.nodes[found.id])


def _whole(op: Op, attrs: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters of a row, in its order: what is given, else the default."""
    return {
        param.name: attrs[param.name] if param.name in attrs else default_of(param) for param in op.params
    }


def _too_large(attrs: Mapping[str, Any]) -> float | None:
    """A number among parameters that is no number of a float32 tensor."""
    held = (one for value in attrs.values() for one in (getattr(value, "ends", ()) or (value,)))
    return next((one for one in held if isinstance(one, float) and abs(one) > LARGEST_FLOAT), None)


def numbered(name: str, place: int) -> str:
    """What the entries of a list are called: NAME, NAME1, NAME2."""
    return f"{name}{place or ''}"


def _types(port: str) -> Any:
    return lambda inputs, attrs: (port, [tensor.type for tensor in inputs[port]])


# ops that give several tensors → the port after which these are called, and their types
_GIVES: dict[str, Any] = {
    "gradient": _types("by"),
    "augment": _types("x"),
    "split": lambda inputs, attrs: (
        "x",
        [replace(inputs["x"][0].type, times=times) for times in attrs["counts"]],
    ),
}

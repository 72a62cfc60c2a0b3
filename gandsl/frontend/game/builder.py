"""The graph of a game under construction: lists entry by entry, ops that give several tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gandsl.diagnostics import Span
from gandsl.frontend.builder import ROWS, Builder, complete, numbered, too_large
from gandsl.frontend.context import Context
from gandsl.frontend.game.values import GameTensor
from gandsl.frontend.values import TensorValue, leaves
from gandsl.ir.graph import Node
from gandsl.ir.op import Op, Port
from gandsl.ir.types import TensorType
from gandsl.spec.values import POISON, Poison


class GameBuilder(Builder):
    """Nodes of one graph of a game."""

    def tensor(self, node: Node) -> GameTensor:
        return GameTensor(node.id, node.type, self._select, self.algebra)

    def kinds(self, port: Port) -> tuple[str, ...]:
        return port.everywhere

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
        if (large := too_large(attrs)) is not None:
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
        found = self.add(name, row, {}, complete(row, attrs), context, span, {})
        return found if found is POISON else self.tensor(self.nodes[found.id])


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

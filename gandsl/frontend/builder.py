"""The graph under construction: makes nodes, keeps ids unique, bounds their number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gandsl.diagnostics import Span
from gandsl.frontend.context import Context
from gandsl.frontend.report import Report
from gandsl.frontend.values import Tensor
from gandsl.ir.graph import Node, Provenance
from gandsl.ir.op import Call, Op, ShapeError
from gandsl.ir.ops import OPS
from gandsl.ir.types import TensorType
from gandsl.spec.values import POISON

MAX_NODES = 20_000
MAX_USES = 60_000  # entries of bodies unfolded, those included that leave no node


class TooManyNodes(Exception):
    """The network does not stop unfolding; ends the elaboration."""


class Builder:
    """Nodes of one program in the order they are made, which is an order of evaluation."""

    def __init__(self, report: Report) -> None:
        self.nodes: dict[str, Node] = {}
        self._report = report
        self._uses = 0

    def count_use(self) -> None:
        """One more entry of a body is unfolded. Raises TooManyNodes."""
        self._uses += 1
        if self._uses > MAX_USES:
            raise TooManyNodes

    def tensor(self, node: Node) -> Tensor:
        return Tensor(node.id, node.type, self._select)

    def add(
        self,
        name: str,
        op: Op,
        inputs: Mapping[str, tuple[Tensor, ...]],
        attrs: Mapping[str, Any],
        context: Context,
        span: Span,
        places: Mapping[str, Span],
    ) -> Any:
        """A new node as a Tensor; POISON after reporting. `places`: spans of ports and parameters."""
        id_ = context.at(name)
        if (twin := self.nodes.get(id_)) is not None:
            self._report(
                context,
                "G0305",
                f"there is already a node `{id_}`",
                span,
                secondary=((twin.provenance.span, "the other one"),),
                help="give one of them another name; two folds in one body need different `label`s",
            )
            return POISON
        call = Call({port: tuple(t.type for t in tensors) for port, tensors in inputs.items()}, attrs)
        try:
            type_ = op.output(call)
        except ShapeError as error:
            self._report(context, error.code, error.message, places.get(error.culprit, span), help=error.help)
            return POISON
        ids = {port: tuple(t.id for t in tensors) for port, tensors in inputs.items() if tensors}
        frozen = {key: tuple(value) if isinstance(value, list) else value for key, value in attrs.items()}
        return self._keep(Node(id_, op.name, ids, frozen, type_, context.provenance(span)))

    def input(self, name: str, type_: TensorType, distribution: str, provenance: Provenance) -> Tensor:
        attrs = {"kind": type_.kind, "shape": type_.shape, "distribution": distribution}
        return self._keep(Node(name, "input", {}, attrs, type_, provenance))

    def _keep(self, node: Node) -> Tensor:
        if len(self.nodes) >= MAX_NODES:
            raise TooManyNodes
        self.nodes[node.id] = node
        return self.tensor(node)

    def _select(self, styles: Tensor, index: int) -> Tensor:
        """`ws[i]`: one node for each index, however often it is read."""
        id_ = f"{styles.id}_{index}"
        node = self.nodes.get(id_)
        if node is None:
            source = self.nodes[styles.id]
            type_ = OPS["select"].output(Call({"x": (styles.type,)}, {"index": index}))
            return self._keep(
                Node(id_, "select", {"x": (styles.id,)}, {"index": index}, type_, source.provenance)
            )
        return self.tensor(node)

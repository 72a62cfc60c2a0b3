"""The graph under construction: makes nodes, keeps ids unique, bounds their number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

from gandsl.diagnostics import Label, Span
from gandsl.frontend.context import Context
from gandsl.frontend.reporting import Reporter
from gandsl.frontend.values import TensorValue
from gandsl.ir.graph import Node, Provenance
from gandsl.ir.op import Call, Op, ShapeError
from gandsl.ir.ops import OPS
from gandsl.ir.types import TensorType
from gandsl.spec.values import POISON, Poison

MAX_USES = 8_000  # entries of bodies unfolded in all programs of a spec: twice what the largest ones need
MAX_NODES = 4_000  # of one program
MAX_NUMBERS = 2**36  # of one sample of a node, or of one node's weights: 256 GiB


class TooManyNodes(Exception):
    """The network does not stop unfolding; ends the elaboration."""


@dataclass
class Tally:
    """What the programs of one spec share: how much was unfolded, and what was looked at already."""

    uses: int = 0
    defaults: dict[Span, tuple[str, str]] = field(default_factory=dict)  # as written: op and parameter
    read: set[Span] = field(default_factory=set)  # of them, those that an op has taken
    required: dict[int, dict[str, dict[str, Op]]] = field(default_factory=dict)  # document → prefix → ops
    fillings: dict[tuple[Span, str], bool] = field(default_factory=dict)  # looked up, for an interface

    def count(self) -> None:
        """One more entry of a body is unfolded. Raises TooManyNodes."""
        self.uses += 1
        if self.uses > MAX_USES:
            raise TooManyNodes


class Builder:
    """Nodes of one program in the order they are made, which is an order of evaluation."""

    def __init__(self, reporter: Reporter) -> None:
        self.nodes: dict[str, Node] = {}
        self._within: dict[str, str] = {}  # scope → the first node in it
        self._reporter = reporter

    def tensor(self, node: Node) -> TensorValue:
        return TensorValue(node.id, node.type, self._select)

    def add(
        self,
        name: str,
        op: Op,
        inputs: Mapping[str, tuple[TensorValue, ...]],
        attrs: Mapping[str, Any],
        context: Context,
        span: Span,
        places: Mapping[str, Span],
    ) -> TensorValue | Poison:
        """A new node as a tensor; POISON after reporting. `places`: spans of ports and parameters."""
        id_ = context.at(name)
        if (twin := self.nodes.get(id_)) is not None:
            self._clash(id_, twin, context, span)
            return POISON
        if (other := self._tangled(id_, op)) is not None:
            layer, inner = sorted((id_, other), key=len)
            self._reporter.at(context).add(
                "G0305",
                f"`{layer}` is a layer, so no node can stand in it: `{inner}` is another one",
                span,
                secondary=[Label(self.nodes[other].provenance.span, "the other one")],
                help="give one of them another name",
            )
            return POISON
        call = Call({port: tuple(t.type for t in tensors) for port, tensors in inputs.items()}, attrs)
        try:
            type_, weights = op.result(call), op.weights(call)
        except ShapeError as error:
            self._reporter.at(context).add(
                error.code, error.message, places.get(error.culprit, span), help=error.help
            )
            return POISON
        except Exception as error:  # a package's row is code that is not ours
            if not op.module:
                raise
            why = f"`{op.name}` cannot be used: its row fails with {type(error).__name__}: {error}"
            self._reporter.at(context).add("G0412", why, span)
            return POISON
        numbers = max(type_.elements, *(prod(shape) for shape in weights.values()), 0)
        if numbers > MAX_NUMBERS:
            what = str(type_) if numbers == type_.elements else f"a weight of {numbers:,} numbers"
            self._reporter.at(context).add(
                "G0109", f"`{name}` is too large: {what}", places.get("channels", span)
            )
            return POISON
        ids = {port: tuple(t.id for t in tensors) for port, tensors in inputs.items() if tensors}
        frozen = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in op.settled(attrs).items()
        }
        return self._keep(Node(id_, op.name, ids, frozen, type_, context.provenance(span)))

    def _clash(self, id_: str, twin: Node, context: Context, span: Span) -> None:
        """Report a second node of one id, by what gave both this id: a fold, two folds, an inline block."""
        mine, theirs = context.frames[::-1], twin.provenance.frames[::-1]
        apart = next((i for i, pair in enumerate(zip(mine, theirs, strict=False)) if len({*pair}) > 1), None)
        depth = min(len(mine), len(theirs)) if apart is None else apart
        own, other = mine[depth:][:1], theirs[depth:][:1]
        stage = next((frame for frame in context.frames if frame.is_stage), None)
        both = [Label(span, f"`{id_}`"), Label(twin.provenance.span, f"`{id_}` too")]
        if not own and not other and stage:
            self._reporter.at(context).add(
                "G0305",
                f"two stages of the fold are called `{stage.what.partition(' ')[2]}`",
                stage.span,
                secondary=both[:1],
                help="a stage is called after the fold's first variable, which has to differ: `i: range(…)`",
            )
        elif own and other and own[0].is_stage and other[0].is_stage:
            self._reporter.at(context).add(
                "G0305",
                f"two folds have a stage that is called `{own[0].what.partition(' ')[2]}`",
                own[0].span,
                secondary=[Label(other[0].span, "the other fold")],
                help="give one of them a `label:` of its own",
            )
        else:
            by = [frame for frame in (*own, *other) if not frame.is_stage]
            way = f": {by[0].what} stands here `inline`, and has one" if by else ""
            self._reporter.at(context).add(
                "G0305",
                f"two nodes are called `{id_}`{way}",
                span,
                secondary=[*(Label(frame.span, f"{frame.what}, inline") for frame in by), both[1]],
                help="give one of them another name" + (", or drop `inline: true`" if by else ""),
            )

    def input(self, name: str, type_: TensorType, distribution: str, provenance: Provenance) -> TensorValue:
        attrs = {"kind": type_.kind, "shape": type_.shape, "distribution": distribution}
        return self._keep(Node(name, "input", {}, attrs, type_, provenance))

    def _keep(self, node: Node) -> TensorValue:
        if len(self.nodes) >= MAX_NODES:
            raise TooManyNodes
        self.nodes[node.id] = node
        for scope in _scopes(node.id):
            self._within.setdefault(scope, node.id)
        return self.tensor(node)

    def _tangled(self, id_: str, op: Op) -> str | None:
        """The id of a layer around a new node, or of a node in a new layer: modules cannot be both."""
        around = (scope for scope in _scopes(id_) if scope in self.nodes and self.nodes[scope].spec.layer)
        return next(around, None) or (self._within.get(id_) if op.layer else None)

    def _select(self, styles: TensorValue, index: int) -> TensorValue:
        """`ws[i]`: one node for each index, however often it is read."""
        id_ = f"{styles.id}_{index}"
        while (node := self.nodes.get(id_)) and (node.op, node.operands) != ("select", (styles.id,)):
            id_ += "_"  # a node of the spec has this name
        if node is None:
            source = self.nodes[styles.id]
            type_ = OPS["select"].output(Call({"x": (styles.type,)}, {"index": index}))
            return self._keep(
                Node(id_, "select", {"x": (styles.id,)}, {"index": index}, type_, source.provenance)
            )
        return self.tensor(node)


def _scopes(id_: str) -> list[str]:
    """`a` and `a.b` of `a.b.c`."""
    parts = id_.split(".")
    return [".".join(parts[:depth]) for depth in range(1, len(parts))]

"""The graph under construction: makes nodes, those of expressions too, keeps ids unique, bounds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from math import prod
from typing import Any

from gandsl.diagnostics import Label, Span
from gandsl.diagnostics.errors import Fault
from gandsl.frontend.context import Context
from gandsl.frontend.reporting import Reporter
from gandsl.frontend.reserved import is_reserved
from gandsl.frontend.sharing import apart
from gandsl.frontend.values import TensorValue, leaves, mapped
from gandsl.ir.graph import Graph, Node, Provenance
from gandsl.ir.op import Call, Op, Port, ShapeError, Trait
from gandsl.ir.ops import GAME_OPS, OPS
from gandsl.ir.text import default_of
from gandsl.ir.types import TensorType, is_a
from gandsl.records import dataclass
from gandsl.spec.values import POISON, Algebra, Poison

MAX_USES = 8_000  # entries of bodies unfolded in all programs of a spec: twice what the largest ones need
MAX_NODES = 4_000  # of one program
MAX_NUMBERS = 2**36  # of one sample of a node, or of one node's weights: 256 GiB
LARGEST_FLOAT = 3.4028234663852886e38  # of float32

ROWS: Mapping[str, Op] = OPS | GAME_OPS


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
    forward: dict[int, tuple[Any, Any]] = field(default_factory=dict)  # bodies, what names what stands below

    def count(self) -> None:
        """One more entry of a body is unfolded. Raises TooManyNodes."""
        self.uses += 1
        if self.uses > MAX_USES:
            raise TooManyNodes


@dataclass
class Site:
    """The node that is being unfolded: what its expressions make is called after it."""

    id: str
    span: Span | None = None  # of its name, where it is a node of a body
    fresh: dict[str, None] = field(default_factory=dict)  # ids of the nodes made for its expressions


class Inside:
    """A context in which an entry lies on a stack. One for each text that is read: so no generator."""

    __slots__ = ("entry", "stack")

    def __init__(self, stack: list[Any], entry: Any) -> None:
        self.stack, self.entry = stack, entry

    def __enter__(self) -> None:
        self.stack.append(self.entry)

    def __exit__(self, *raised: object) -> None:
        self.stack.pop()


class Builder:
    """Nodes of one program in the order they are made, which is an order of evaluation."""

    def __init__(self, reporter: Reporter) -> None:
        self.nodes: dict[str, Node] = {}
        self.algebra: Algebra | None = None
        self._read: list[tuple[Context, Span]] = []  # texts that are evaluated, innermost last
        self._sites: list[Site] = []
        self._within: dict[str, str] = {}  # scope → the first node in it, those of expressions aside
        self._named: dict[str, Site] = {}  # `train_` → what has this id: a node `train`, or one `train_`
        self._reporter = reporter

    def tensor(self, node: Node) -> TensorValue:
        return TensorValue(node.id, node.type, self._select, self.algebra)

    def kinds(self, port: Port) -> tuple[str, ...]:
        """The kinds that an op's port takes."""
        return port.kinds

    # ---- nodes of expressions

    def unfolding(self, id_: str, span: Span | None = None) -> Inside:
        """Around the work on one node, after which its expressions' nodes are called."""
        return Inside(self._sites, Site(id_, span))

    def reading(self, context: Context, span: Span) -> Inside:
        """Around the evaluation of a text."""
        return Inside(self._read, (context, span))

    def make(self, name: str, inputs: Mapping[str, Sequence[TensorValue]], **attrs: Any) -> TensorValue:
        """A node for a part of the expression that is read. Raises Fault where its op's row refuses."""
        if not self._sites:  # a condition, an interval, a batch: what the graph is made by
            raise Fault("G0105", f"`{name}` computes a tensor, and what stands here is known before any is")
        op = ROWS[name]
        for port in op.ports:
            for tensor in inputs.get(port.name, ()):
                if not any(is_a(tensor.type.kind, kind) for kind in self.kinds(port)):
                    wanted = " or ".join(self.kinds(port))
                    raise Fault("G0211", f"`{name}` takes {wanted}, not {tensor.kind_name}")
        given = {port: tuple(tensors) for port, tensors in inputs.items() if tensors}
        whole = complete(op, attrs)
        if (large := too_large(whole)) is not None:
            raise Fault("G0109", f"{large:g} is more than a tensor holds")
        type_ = op.result(Call({port: tuple(t.type for t in ts) for port, ts in given.items()}, whole))
        site, (context, span) = self._sites[-1], self._read[-1]
        id_ = self._free(f"{site.id}.sub")
        site.fresh[id_] = None
        ids = {port: tuple(t.id for t in tensors) for port, tensors in given.items()}
        self._keep(Node(id_, name, ids, whole, type_, context.provenance(span)), of_expression=True)
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
            if isinstance(tensor, TensorValue) and tensor.id in fresh and tensor.id not in ids:
                ids[tensor.id] = context.at(numbered(name, place))
        for id_ in ids.values():
            if self._meets(id_, context):
                return POISON
            if id_ in self.nodes:
                self._clash(id_, self.nodes[id_], context, span)
                return POISON
        if not ids:
            return value
        self._rename(ids)
        return mapped(
            lambda one: (
                self.tensor(self.nodes[ids[one.id]])
                if isinstance(one, TensorValue) and one.id in ids
                else one
            ),
            value,
        )

    def _rename(self, ids: Mapping[str, str]) -> None:
        """Nodes of this expression get other ids; nothing else has read them."""
        fresh = self._sites[-1].fresh
        made = []  # this expression's, and whatever came in between
        waiting = set(fresh)
        while waiting:
            node = self.nodes.popitem()[1]
            waiting.discard(node.id)
            made.append(node)
        for node in reversed(made):
            if node.id in fresh:
                inputs = {
                    port: tuple(ids.get(id_, id_) for id_ in read) for port, read in node.inputs.items()
                }
                node = replace(node, id=ids.get(node.id, node.id), inputs=inputs)
            self.nodes[node.id] = node
        for id_ in ids:
            del fresh[id_]

    # ---- nodes that are written

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
        id_ = context.at(name, module=op.layer is not None)
        if self._meets(id_, context):
            return POISON
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
        except Exception as error:  # a package's row is its own code and may raise anything; ours goes up
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
            key: tuple(value) if isinstance(value, list) else value for key, value in op.settled(call).items()
        }
        node = Node(id_, op.name, ids, frozen, type_, context.provenance(span))
        if op.layer is not None and context.again is not None:
            shared = self._sharing(node, Call(call.inputs, frozen), context.again.of(id_), context, span)
            if shared is None:
                return POISON
            node = shared
        return self._keep(node)

    def _sharing(self, node: Node, call: Call, owner: str, context: Context, span: Span) -> Node | None:
        """A node made again, running the layer of `owner`; its own where that only draws. None: reported."""
        drawn, state = node.spec.has(Trait.RANDOM), node.spec.weights(call) | node.spec.buffers(call)
        if drawn and not state:
            return node
        first = self.nodes.get(owner)
        if first is None:
            fault = f"`{node.id}` would run the layer of `{owner}`, which is not there"
        elif drawn:
            fault = f"`{node.id}` cannot run the layer of `{owner}`: it draws, and would draw the same twice"
        else:
            fault = apart(first, self._call(first), node, call)
        if not fault:
            assert first is not None
            return replace(node, shares=first.layer)
        self._reporter.at(context).add(
            "G0231",
            fault,
            span,
            secondary=[Label(first.provenance.span, f"`{owner}`")] if first else [],
            help="what is used again has one set of weights: give it inputs of the same channels",
        )
        return None

    def _call(self, node: Node) -> Call:
        return Graph("", self.nodes, {}, {}).call(node)

    def _meets(self, id_: str, context: Context) -> bool:
        """Report a node `train`, whose module is called `train_`, in one body with a node `train_`."""
        for site in self._sites if context.modules else ():
            name = site.id.removesuffix("_")
            taken = f"{name}_"
            if site.span is None or not is_reserved(name) or not f"{id_}.".startswith(f"{taken}."):
                continue
            other = self._named.setdefault(taken, site)
            if other.id == site.id or other.span is None:
                continue
            self._reporter.at(context).add(
                "G0305",
                f"`{name}` is `{taken}` in ids, since modules have a `{name}`, and here is a `{taken}`",
                site.span,
                secondary=[Label(other.span, f"`{other.id}`")],
                help="give one of them another name",
            )
            return True
        return False

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

    def _keep(self, node: Node, of_expression: bool = False) -> TensorValue:
        """Add a node. What an expression makes may stand below a layer, since no module is made of it."""
        if len(self.nodes) >= MAX_NODES:
            raise TooManyNodes
        self.nodes[node.id] = node
        if not of_expression:
            for scope in _scopes(node.id):
                self._within.setdefault(scope, node.id)
        return self.tensor(node)

    def _tangled(self, id_: str, op: Op) -> str | None:
        """The id of a layer around a new node, or of a node in a new layer: modules cannot be both."""
        layers = (self.nodes[scope] for scope in _scopes(id_) if scope in self.nodes)
        around = (node.id for node in layers if node.spec.layer and not node.shares)
        return next(around, None) or (self._within.get(id_) if op.layer else None)

    def _select(self, styles: TensorValue, index: int) -> TensorValue:
        """`ws[i]`: one node for each index, however often it is read; of an expression a part of it."""
        if self._sites and styles.id in self._sites[-1].fresh:
            return self.make("select", {"x": [styles]}, index=index)
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


def complete(op: Op, attrs: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters of a row, in its order: what is given, else the default."""
    return {
        param.name: attrs[param.name] if param.name in attrs else default_of(param) for param in op.params
    }


def too_large(attrs: Mapping[str, Any]) -> float | None:
    """A number among parameters that is no number of a float32 tensor."""
    held = (one for value in attrs.values() for one in (getattr(value, "ends", ()) or (value,)))
    return next((one for one in held if isinstance(one, float) and abs(one) > LARGEST_FLOAT), None)


def numbered(name: str, place: int) -> str:
    """What the entries of a list are called: NAME, NAME1, NAME2."""
    return f"{name}{place or ''}"

"""The graph IR: one node a primitive, stable ids, typed edges, and where each node came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from functools import cached_property
from itertools import chain
from typing import Any

from gandsl.diagnostics.errors import InvariantError
from gandsl.diagnostics.span import Span
from gandsl.ir.op import Call, Op, State
from gandsl.ir.ops import PRIMITIVES
from gandsl.ir.types import TensorType
from gandsl.records import dataclass
from gandsl_runtime.weights_file import Compute, WeightsFile


@dataclass(frozen=True, slots=True)
class Frame:
    """One step of the way from the spec's text to a node: a block's use, a stage of a fold."""

    what: str  # "block `res_up`", "stage s32"
    span: Span  # of the use
    ports: Mapping[str, str] = field(default_factory=dict, compare=False)  # id it was given → port, or carry
    logits: tuple[str, ...] = field(default=(), compare=False)  # ids it was given where it takes Logits

    @property
    def is_stage(self) -> bool:
        """Whether it is a stage of a fold, not a block."""
        return self.what.startswith("stage ")


@dataclass(frozen=True, slots=True)
class Provenance:
    """`span` is the node's own text; `frames` lead outwards to the network's body, innermost first."""

    span: Span
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """One primitive. `inputs` maps each given port to the ids of what it reads.

    `shares`: the id of the node whose layer it runs, weights and state included; empty where it has its own.
    """

    id: str
    op: str
    inputs: Mapping[str, tuple[str, ...]]
    attrs: Mapping[str, Any]
    type: TensorType
    provenance: Provenance = field(compare=False)
    shares: str = ""

    @property
    def spec(self) -> Op:
        return PRIMITIVES[self.op]

    @property
    def layer(self) -> str:
        """Where the layer is that it runs, if its op has one: the name of its weights."""
        return self.shares or self.id

    @property
    def operands(self) -> tuple[str, ...]:
        """Ids of all inputs, in the order of the op's ports."""
        return tuple(id_ for port in self.spec.ports for id_ in self.inputs.get(port.name, ()))

    @property
    def arguments(self) -> tuple[list[str | tuple[str, ...]], dict[str, str]]:
        """Ids as a call takes them: in order, a variadic port's as a tuple; behind an absent port by name."""
        positional: list[str | tuple[str, ...]] = []
        by_name: dict[str, str] = {}
        absent = False
        for port in self.spec.ports:
            ids = self.inputs.get(port.name, ())
            if port.variadic:
                positional.append(ids)
            elif not ids:
                absent = True
            elif absent:
                by_name[port.name] = ids[0]
            else:
                positional.append(ids[0])
        return positional, by_name


@dataclass(frozen=True)
class Graph:
    """One program of one network. `nodes` are in an order in which each comes after what it reads."""

    network: str  # "generator", "discriminator", …
    nodes: Mapping[str, Node]
    outputs: Mapping[str, str]  # output name → node id, in order
    output_kinds: Mapping[str, str]  # output name → kind it is used as: Image, Logits, …
    styles: str | None = None  # the node of kind Styles that cuts mapping from synthesis

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes.values())

    def __getitem__(self, id_: str) -> Node:
        return self.nodes[id_]

    @property
    def inputs(self) -> tuple[Node, ...]:
        """The network's inputs, in the order of the spec; `split.call_order` is that of calls."""
        return tuple(node for node in self if node.op == "input")

    def call(self, node: Node) -> Call:
        """The node as its op's rules see it."""
        if self.nodes.get(node.id) is not node:
            return self._called(node)
        if node.id not in self._calls:
            self._calls[node.id] = self._called(node)
        return self._calls[node.id]

    @cached_property
    def _calls(self) -> dict[str, Call]:
        return {}

    def _called(self, node: Node) -> Call:
        types = {port: tuple(self.nodes[id_].type for id_ in ids) for port, ids in node.inputs.items()}
        return Call(types, node.attrs)

    @cached_property
    def learned(self) -> Mapping[str, State]:
        """By node that has any, its learned tensors: their names and shapes."""
        return {node.id: state for node in self if (state := node.spec.weights(self.call(node)))}

    def reads(self, node: Node) -> tuple[str, ...]:
        """Ids of what the node's numbers depend on.

        Not of what gives it a batch size alone; of a style taken from a stack, the one that it is.
        """
        if node.op == "select":
            (styles,) = (self.nodes[id_] for id_ in node.operands)
            if styles.op == "stack" and styles.id != self.styles:
                return (styles.operands[node.attrs["index"]],)
        return tuple(
            id_ for port in node.spec.ports if not port.counts for id_ in node.inputs.get(port.name, ())
        )

    @cached_property
    def live(self) -> frozenset[str]:
        """Ids of the nodes that an output or the style space needs, and of all inputs."""
        wanted = [*self.outputs.values(), *([self.styles] if self.styles else [])]
        return frozenset(self.needed(wanted).union(node.id for node in self.inputs))

    def standing_for(self, same: Mapping[str, str]) -> Graph:
        """The graph without some nodes: what reads one reads the node that it stands under in its place."""
        nodes = {
            id_: replace(
                node, inputs={port: tuple(same.get(i, i) for i in ids) for port, ids in node.inputs.items()}
            )
            for id_, node in self.nodes.items()
            if id_ not in same
        }
        outputs = {name: same.get(id_, id_) for name, id_ in self.outputs.items()}
        return replace(self, nodes=nodes, outputs=outputs)

    def needed(self, wanted: Iterable[str]) -> set[str]:
        """These ids, and all that they are computed from."""
        seen: set[str] = set()
        waiting = list(wanted)
        while waiting:
            id_ = waiting.pop()
            if id_ not in seen:
                seen.add(id_)
                waiting.extend(chain.from_iterable(self.nodes[id_].inputs.values()))
        return seen

    def verify(self) -> None:
        """Raise InvariantError unless ids, order, ports, parameters and types hold.

        A graph that the frontend made always passes: a failure is the compiler's fault.
        """
        seen: set[str] = set()
        for key, node in self.nodes.items():
            if key != node.id or node.op not in PRIMITIVES:
                raise InvariantError(f"node {key!r}: id {node.id!r}, op {node.op!r}")
            for id_ in chain.from_iterable(node.inputs.values()):
                if id_ not in seen:
                    raise InvariantError(f"{node.id} reads {id_}, which does not stand before it")
            seen.add(node.id)
            owner = self.nodes.get(node.shares, node)
            if owner.shares or owner.op != node.op or (node.shares and owner.id not in {*seen, node.id}):
                raise InvariantError(
                    f"{node.id} ({node.op}) cannot share the layer of {owner.id} ({owner.op})"
                )
            params = {param.name for param in node.spec.params}
            if node.attrs.keys() != params:
                unknown, missing = sorted(node.attrs.keys() - params), sorted(params - node.attrs.keys())
                raise InvariantError(f"{node.id} ({node.op}): unknown {unknown}, missing {missing}")
            expected = node.spec.result(self.call(node))
            if (expected.shape, expected.times) != (node.type.shape, node.type.times):
                raise InvariantError(f"{node.id} ({node.op}) is {node.type} but computes {expected}")
        for name, id_ in self.outputs.items():
            if id_ not in seen:
                raise InvariantError(f"output {name} is {id_}, which is not in the graph")


@dataclass(frozen=True, slots=True, order=True)
class Variant:
    """One program of a family: its last level, and whether that fades in. Without growth, (0, False)."""

    level: int = 0
    fading: bool = False


@dataclass(frozen=True)
class NetworkIR:
    """A network: its programs over one set of weights. The last stable one is `main`."""

    name: str
    programs: Mapping[Variant, Graph]
    levels: tuple[tuple[int, ...], ...] = ()  # sides of each level, (h, w); empty when it does not grow
    moved: Mapping[str, str] = field(default_factory=dict)  # old place → new place of what was moved
    requires: Mapping[str, str] = field(default_factory=dict)  # prefix → package, whose passes are run too
    start: WeightsFile | None = None  # what its weights start from; None: the seed, or a checkpoint
    precision: Compute | None = None  # what it is computed in; None: as the plan says

    @property
    def main(self) -> Graph:
        return self.programs[max(variant for variant in self.programs if not variant.fading)]

    def weighted(self) -> dict[str, tuple[Graph, Node]]:
        """By layer, a node that runs it: all that hold state in any program, which is the state_dict."""
        found: dict[str, tuple[Graph, Node]] = {}
        for variant in sorted(self.programs):
            graph = self.programs[variant]
            for node in graph:
                call = graph.call(node)
                if node.spec.weights(call) or node.spec.buffers(call):
                    found.setdefault(node.layer, (graph, node))
        return found

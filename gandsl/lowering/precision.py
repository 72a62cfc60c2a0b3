"""Where a network is computed in 16 bits: casts put into its graphs, as the plan's `precision` says."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gandsl.ir.graph import Graph, NetworkIR, Node
from gandsl.ir.op import Trait
from gandsl.ir.ops.precision import CAST
from gandsl.ir.stages import side, stage_of, stages
from gandsl.ir.types import TensorType, is_a
from gandsl_runtime.plan import Precision

FULL = "float32"


def in_precision(network: NetworkIR, precision: Precision) -> NetworkIR:
    """The network with casts where its features go to 16 bits and come back; keys of weights stay.

    Features (and tokens) are computed in 16 bits, in all stages or in those of the largest resolutions;
    vectors, styles and labels never are. Nor are statistics over a batch, which few digits would
    drown, nor the way to an output, nor what comes from no feature (a constant takes the size of a batch from
    one, and not its numbers).
    Casts do nothing until training switches them on (`gandsl_runtime.training.precision`).
    """
    if precision.half is None:
        return network
    least, known = _least(network.main, precision.stages), stages(network)
    # at other levels too, and scopes: all programs have one tree of layers
    paths = [id_.split(".") for graph in network.programs.values() for id_ in graph.nodes]
    taken = {".".join(path[:depth]) for path in paths for depth in range(1, len(path) + 1)}
    programs = {
        variant: _Regions(graph, precision.half, least, known, taken).cast()
        for variant, graph in network.programs.items()
    }
    return replace(network, programs=programs)


def _least(main: Graph, count: int | None) -> int:
    """The longer side from which features are 16-bit: the largest `count` resolutions, less the smallest."""
    if count is None:
        return 0
    features = [side(node.type) for node in main if is_a(node.type.kind, "Feature")]
    ends = [main[id_].type for id_ in main.outputs.values()] + [node.type for node in main.inputs]
    largest = max((side(type_) for type_ in ends), default=0) or max(features, default=0)
    smallest = min((size for size in features if size > 1), default=0)
    return max(-(-largest // 2 ** (count - 1)), 2 * smallest)


def _is_spatial(type_: TensorType) -> bool:
    return is_a(type_.kind, "Feature") or type_.kind == "Tokens"


@dataclass
class _Regions:
    """One program."""

    graph: Graph
    half: str
    least: int
    stages: Mapping[str, int]  # the resolutions of stages
    taken: Collection[str]  # ids and scopes of all programs

    def cast(self) -> Graph:
        """The program with casts at the borders of its 16-bit regions, each value cast once to a format."""
        halves = self._halves()
        nodes: dict[str, Node] = {}
        made: dict[tuple[str, str], str] = {}
        for node in self.graph:
            inputs: dict[str, tuple[str, ...]] = {}
            reads, half = self.graph.reads(node), node.id in halves
            for port, ids in node.inputs.items():
                inputs[port] = tuple(
                    self._as(id_, half, halves, made, nodes) if id_ in reads else id_ for id_ in ids
                )
            nodes[node.id] = replace(node, inputs=inputs)
        outputs = {
            name: self._as(id_, False, halves, made, nodes) for name, id_ in self.graph.outputs.items()
        }
        return replace(self.graph, nodes=nodes, outputs=outputs)

    def _as(
        self,
        id_: str,
        half: bool,
        halves: set[str],
        made: dict[tuple[str, str], str],
        nodes: dict[str, Node],
    ) -> str:
        """The id of a value in the format wanted: its own, or that of a cast which stands in `nodes`."""
        if (id_ in halves) == half or not _is_spatial(self.graph[id_].type):
            return id_
        dtype = self.half if half else FULL
        if (id_, dtype) not in made:
            readers = [
                node for node in self.graph if id_ in self.graph.reads(node) and (node.id in halves) == half
            ]
            readers = readers or [self.graph[id_]]  # an output
            name = self._name(self._scope(readers), "narrowed" if half else "widened", nodes)
            nodes[name] = Node(
                name,
                CAST.name,
                {"x": (id_,)},
                {"dtype": dtype},
                self.graph[id_].type,
                readers[0].provenance,
            )
            made[id_, dtype] = name
        return made[id_, dtype]

    def _name(self, scope: str, stem: str, nodes: Mapping[str, Node]) -> str:
        taken = {*self.taken, *nodes}
        names = (f"{scope}{stem}{number}" for number in ("", *range(2, len(taken) + 3)))
        return next(name for name in names if name not in taken)

    def _scope(self, readers: Sequence[Node]) -> str:
        """Where a cast belongs: in the stage of those who read it, or where they all are. Ends with a dot."""
        stage = stage_of(readers[0])
        if stage and all(stage_of(node) == stage for node in readers):
            return f"{stage}."
        return _scope(node.id for node in readers)

    def _halves(self) -> set[str]:
        """Ids of the nodes that compute in 16 bits."""
        exits = self._exits()
        return {
            node.id
            for node in self.graph
            if _is_spatial(node.type)
            and any(_is_spatial(self.graph[id_].type) for id_ in self.graph.reads(node))
            and not node.spec.couples_statistics
            and node.id not in exits
            and self._side(node) >= self.least
        }

    def _side(self, node: Node) -> int:
        """The resolution of the node's stage; outside of stages, the longest side of what goes in and out."""
        own = max(side(node.type), *(side(self.graph[id_].type) for id_ in node.operands))
        return self.stages.get(stage_of(node), own)

    def _exits(self) -> set[str]:
        """Ids of what stands between outputs and the last products before them."""
        found: set[str] = set()
        waiting = list(self.graph.outputs.values())
        while waiting:
            id_ = waiting.pop()
            if self.graph[id_].spec.has(Trait.AT_OUTPUT) and id_ not in found:
                found.add(id_)
                waiting.extend(self.graph[id_].operands)
        return found


def _scope(ids: Iterable[str]) -> str:
    """The innermost scope that holds all these nodes: its id and a dot, or nothing."""
    paths = [id_.split(".")[:-1] for id_ in ids]
    shared: list[str] = []
    for parts in zip(*paths, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return "".join(f"{part}." for part in shared)

"""What a spec costs, from its graphs alone: parameters, FLOPs and memory, by node, by stage, by step.

FLOPs are two for each multiply-add of a convolution or product and nothing for the rest, as torch's
FlopCounterMode counts. Bytes are those of the float32 numbers that eager autograd keeps for the backward
pass; weights, optimizer state and workspace are not in them. Both are of the network as the spec writes it:
passes may find a cheaper program for the same numbers.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import field, fields
from math import prod
from typing import TYPE_CHECKING

from gandsl.analysis import phases as _phases
from gandsl.analysis.autodiff import GradientFlow, kept_elements
from gandsl.analysis.phases import NETWORKS, StepPhase
from gandsl.ir.graph import Graph, NetworkIR, Node
from gandsl.records import dataclass

if TYPE_CHECKING:
    from gandsl.frontend.module import ModuleIR

BYTES = 4  # of a float32
_PREFIXES = ("", " k", " M", " G", " T", " P")
_STAGE = re.compile(r"[a-z]+\d+(x\d+){,2}")  # s8, b16x24


@dataclass(frozen=True, slots=True)
class Cost:
    """Sums over some nodes. FLOPs and bytes are for one image; a step's cover D, G and repeated passes."""

    nodes: int = 0
    parameters: int = 0
    buffers: int = 0
    forward_flops: int = 0
    step_flops: int = 0  # the D and G steps, without lazy penalties
    penalty_flops: int = 0  # all lazy penalties, once
    activation_bytes: int = 0  # kept by a forward pass that trains the weights

    def __add__(self, other: Cost) -> Cost:
        return Cost(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Cost)))


@dataclass(frozen=True)
class PhaseCost:
    """One kind of optimizer step, all its images."""

    name: str  # "D", "D/16", "G", "G/4"
    every: int
    repeat: int
    images: int
    penalty: bool
    flops: Mapping[str, int]  # by network, of the `repeat` steps together
    activation_bytes: Mapping[str, int]  # by network, of one micro-batch
    terms: Mapping[str, int] = field(default_factory=dict)  # of a game: FLOPs of each if it were alone

    @property
    def total_flops(self) -> int:
        return sum(self.flops.values())


@dataclass(frozen=True)
class NetworkCost:
    """Costs of one network by node id. A family's are its last program's, and every weight of the others."""

    name: str
    nodes: Mapping[str, Cost]
    spatial: frozenset[str] = frozenset()  # prefixes of the stages that hold features or images

    @property
    def total(self) -> Cost:
        return sum(self.nodes.values(), Cost())

    def stages(self, depth: int | None = None) -> dict[str, Cost]:
        """Sums by id prefix, in order: the first `depth` names, by default all up to a stage of features."""
        found: dict[str, Cost] = {}
        for id_, cost in self.nodes.items():
            key = prefix(id_, depth, self.spatial)
            found[key] = found.get(key, Cost()) + cost
        return found


@dataclass(frozen=True)
class ModuleCost:
    """A spec's whole cost."""

    networks: Mapping[str, NetworkCost]
    phases: tuple[PhaseCost, ...]
    batch: int
    micro_batch: int

    @property
    def flops_per_step(self) -> float:
        """Of one step of the generator: all phases, lazy ones at their share."""
        return sum(phase.total_flops / phase.every for phase in self.phases)


def is_stage(name: str) -> bool:
    """Whether a component of an id names a fold's stage: letters, then a number or size (`s8`, `s16x24`)."""
    return _STAGE.fullmatch(name) is not None


def prefix(id_: str, depth: int | None, spatial: Container[str]) -> str:
    """The row a node belongs to. Without a depth: the names up to the first spatial stage, else one name."""
    parts = id_.split(".")
    ends = range(1, len(parts))  # the last name is the node's own
    if depth is None:
        depth = next((end for end in ends if ".".join(parts[:end]) in spatial), 1)
    return ".".join(parts[:depth])


def spatial_stages(graph: Graph) -> frozenset[str]:
    """Prefixes that end in a stage's name and hold a feature: `synthesis.s8`, but not `mapping.fc0`."""
    found: set[str] = set()
    for node in graph:
        parts = node.id.split(".")
        if node.type.sides:
            found.update(".".join(parts[:end]) for end in range(1, len(parts)) if is_stage(parts[end - 1]))
    return frozenset(found)


def module_cost(module: ModuleIR) -> ModuleCost:
    """The cost of every network, and of the steps of its game; without a plan, of a G and a D step."""
    networks = module.networks
    found: tuple[StepPhase, ...] = ()
    if module.game is not None:
        from gandsl.analysis.game.phases import game_phases

        found = game_phases(module, module.game)
    elif module.plan is None and all(name in networks for name in NETWORKS):
        found = _phases.phases(*(networks[name].main for name in NETWORKS))
    batch = module.plan.batch if module.plan else 1
    costs = {
        name: NetworkCost(name, _node_costs(network, found), spatial_stages(network.main))
        for name, network in networks.items()
    }
    micro_batch = (module.plan.micro_batch if module.plan else None) or batch
    return ModuleCost(costs, tuple(map(_phase_cost, found)), batch, micro_batch)


def _phase_cost(phase: StepPhase) -> PhaseCost:
    flops = {name: 2 * sum(phase.macs[name].values()) * phase.images * phase.repeat for name in phase.macs}
    kept = {
        name: BYTES * sum(phase.kept[name].values()) * min(phase.micro_batch, phase.images)
        for name in phase.kept
    }
    terms = {term: 2 * macs * phase.images * phase.repeat for term, macs in phase.terms.items()}
    return PhaseCost(phase.name, phase.every, phase.repeat, phase.images, phase.penalty, flops, kept, terms)


def _node_costs(network: NetworkIR, found: tuple[StepPhase, ...]) -> dict[str, Cost]:
    graph = network.main
    forward = _phases.forward(graph)
    kept = kept_elements(GradientFlow(graph))
    step = _sum_of(network.name, (phase for phase in found if not phase.penalty))
    penalty = _sum_of(network.name, (phase for phase in found if phase.penalty))
    costs = {}
    holding = {node.id for _, node in network.weighted().values()}  # of nodes that run one layer, one
    for owner, node in _all_nodes(network):
        parameters, buffers = state_sizes(owner, node) if node.id in holding else (0, 0)
        live = owner is graph
        costs[node.id] = Cost(
            1,
            parameters,
            buffers,
            2 * forward[node.id] if live else 0,
            2 * step.get(node.id, 0),
            2 * penalty.get(node.id, 0),
            BYTES * kept[node.id] if live else 0,
        )
    return costs


def _sum_of(network: str, found: Iterable[StepPhase]) -> dict[str, int]:
    total: dict[str, int] = {}
    for phase in found:
        for id_, macs in phase.macs.get(network, {}).items():
            total[id_] = total.get(id_, 0) + macs * phase.repeat
    return total


def _all_nodes(network: NetworkIR) -> Iterator[tuple[Graph, Node]]:
    """The main program's nodes, then those with weights that only other programs of the family have."""
    yield from ((network.main, node) for node in network.main)
    for graph, node in network.weighted().values():
        if node.id not in network.main.nodes:
            yield graph, node


def state_sizes(graph: Graph, node: Node) -> tuple[int, int]:
    """Numbers in the node's learned tensors, and in its buffers."""
    call = graph.call(node)
    weights, buffers = node.spec.weights(call), node.spec.buffers(call)
    return sum(map(prod, weights.values())), sum(map(prod, buffers.values()))


def si(number: float) -> str:
    """Three digits and a prefix, for a unit behind: `30.4 M`, `512`."""
    step = 0
    while abs(number) >= 999.5 and step < len(_PREFIXES) - 1:
        number, step = number / 1000, step + 1
    return f"{number:.3g}{_PREFIXES[step]}"

"""What the rules ask of a module: its programs, places of plan fields and nodes, paths through a graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from gandsl.diagnostics import Label, Span
from gandsl.diagnostics.articles import a
from gandsl.frontend.module import ModuleIR
from gandsl.ir.graph import Graph, NetworkIR, Node, Variant
from gandsl.ir.op import Trait
from gandsl.ir.ops.border import times
from gandsl.records import dataclass
from gandsl.spec.document import Document, NetworkDecl
from gandsl.spec.files import SHOWN_STANDARD
from gandsl.spec.tree import Entry
from gandsl.spec.tree import Mapping as Tree
from gandsl_runtime.plan import Plan

TRAINED = ("generator", "discriminator")


@dataclass(frozen=True)
class RuleInput:
    """A module as the rules see it; parts that failed to unfold are missing."""

    module: ModuleIR
    processes: int = 1  # that train together: each has a share of every batch
    begun: bool = False  # a run has this spec: what it meant then, it means now

    @property
    def document(self) -> Document:
        return self.module.document

    @property
    def plan(self) -> Plan | None:
        return self.module.plan

    @property
    def sizes(self) -> tuple[tuple[int, ...], ...]:
        """The levels of a family, their sides (height, width), () for what does not grow."""
        return next((network.levels for network in self.module.networks.values()), ())

    def network(self, name: str) -> NetworkIR | None:
        return self.module.networks.get(name)

    def programs(self, name: str) -> Mapping[Variant, Graph]:
        network = self.network(name)
        return network.programs if network else {}

    def declared(self, name: str) -> NetworkDecl:
        return self.document.networks[name]

    def nodes(self, name: str) -> Iterator[tuple[Graph, Node]]:
        """Every node of a network, in the first program (by level) that has it."""
        seen: set[str] = set()
        programs = self.programs(name)
        for variant in sorted(programs):
            for node in programs[variant]:
                if node.id not in seen:
                    seen.add(node.id)
                    yield programs[variant], node

    def nodes_with(self, name: str, trait: Trait) -> list[Node]:
        """The nodes of a network whose op has a trait."""
        return [node for _, node in self.nodes(name) if node.spec.has(trait)]

    def labels(self, name: str) -> Node | None:
        """A network's input of kind Label."""
        return next(
            (node for _, node in self.nodes(name) if node.op == "input" and node.type.kind == "Label"), None
        )

    def at(self, variant: Variant) -> str:
        """Which program of a family, in words that end a clause; nothing for what does not grow."""
        if not self.sizes:
            return ""
        return f" at {times(self.sizes[variant.level])}" + (" while it fades in" if variant.fading else "")

    # ---- places in the text

    def key(self, path: str) -> Span:
        """The key of a field of the training plan; of the mapping it belongs to where it is not written."""
        return self._field(path)[0]

    def value(self, path: str) -> Span:
        """What a field of the plan is given; the innermost key of its path where it is not written."""
        key, value = self._field(path)
        return value or key

    def _field(self, path: str) -> tuple[Span, Span | None]:
        here = self.document.tree.entries["training"]
        for step in path.split("."):
            inner: Entry | None = here.value.entries.get(step) if isinstance(here.value, Tree) else None
            if inner is None:
                return here.key_span, None
            here = inner
        return here.key_span, here.value.span

    def output(self, name: str, output: str) -> Span:
        """Where a network's output is named: under `outputs`, else its last node."""
        network = self.declared(name)
        if not network.outputs:
            return list(network.body)[-1].key_span
        exact = network.outputs.get(output) or network.outputs.get(output.rpartition("_")[0])
        return exact.span if exact else network.span


def in_library(span: Span) -> bool:
    """Whether a place is in the standard library, which the user cannot mend."""
    return span.file.startswith(SHOWN_STANDARD)


def library_block(node: Node) -> str:
    """The block of the standard library whose body a node is written in: `penalty.gradient`; or nothing."""
    way = node.provenance
    if not way.frames or not in_library(way.span):
        return ""
    return f"{Path(way.span.file).stem}.{way.frames[0].what.split('`')[1]}"


def place(node: Node) -> Span:
    """A node's line in the user's files: its own, or that of the use that led to it."""
    spans = [node.provenance.span, *(frame.span for frame in node.provenance.frames)]
    return next((span for span in spans if not in_library(span)), spans[-1])


def label(node: Node, text: str = "") -> Label:
    """Points at a node from elsewhere."""
    return Label(place(node), text or f"`{node.id}` is {a(node.op)}")


def downstream(graph: Graph, sources: Iterable[str], stop: frozenset[str] = frozenset()) -> set[str]:
    """Ids of all whose numbers depend on `sources`, themselves included; `stop` is not gone through."""
    found = set(sources) - stop
    for node in graph:
        if node.id not in stop and not found.isdisjoint(graph.reads(node)):
            found.add(node.id)
    return found


def between(graph: Graph, sources: Iterable[str]) -> Iterator[Node]:
    """The nodes on the ways from `sources` to the outputs, without the sources, in order."""
    start = set(sources)
    down = downstream(graph, start)
    up = set(graph.outputs.values())
    for node in reversed(list(graph)):
        if node.id in up:
            up.update(graph.reads(node))
    return (node for node in graph if node.id in down and node.id in up and node.id not in start)


def consumers(graph: Graph, id_: str) -> list[Node]:
    """The nodes that read a node."""
    return [node for node in graph if id_ in node.operands]

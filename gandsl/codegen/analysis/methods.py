"""The methods of a network: its programs, cut at the style space as the lowering cuts them."""

from __future__ import annotations

from dataclasses import dataclass

from gandsl.codegen.identifiers import unique
from gandsl.ir.graph import Graph, NetworkIR, Node, Variant
from gandsl.ir.op import Trait
from gandsl.ir.ops.border import size_text
from gandsl.ir.split import ENTRIES, call_order, entry_graph


@dataclass(frozen=True)
class FlatMethod:
    """A method that is written out: the nodes it runs, in order, between inputs and outputs."""

    name: str
    graph: Graph
    nodes: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @property
    def content(self) -> tuple[tuple[Node, ...], tuple[str, ...], tuple[str, ...]]:
        """What two equal methods share: nodes compare by value, provenance aside."""
        return tuple(self.graph[id_] for id_ in self.nodes), self.inputs, self.outputs


@dataclass(frozen=True)
class ProgramMethod:
    """One answer of `Network.program`: a method. Of two flat ones it runs one, then the other."""

    entry: str
    variant: Variant
    method: str
    parts: tuple[FlatMethod, ...]


_METHODS = {"forward": "forward", "mapping": "map_styles", "synthesis": "synthesize"}


def programs_of(network: NetworkIR) -> list[ProgramMethod]:
    """Every program, the full one first, then down the levels. Equal methods of several levels are one."""
    found: list[ProgramMethod] = []
    known: list[FlatMethod] = []
    for variant in sorted(network.programs, key=lambda v: (-v.level, v.fading)):
        graph = network.programs[variant]
        entries = ENTRIES if graph.styles is not None else ENTRIES[:1]
        by_entry = {
            entry: _flat_method(network, variant, entry, entry_graph(graph, entry), known)
            for entry in entries
        }
        for entry, flat in by_entry.items():
            parts: tuple[FlatMethod, ...] = (flat,)
            if entry == "forward" and len(by_entry) > 1:
                both = by_entry["mapping"], by_entry["synthesis"]
                parts = both if _splits(flat, *both) else parts
            found.append(ProgramMethod(entry, variant, flat.name, parts))
    return found


def _flat_method(
    network: NetworkIR, variant: Variant, entry: str, graph: Graph, known: list[FlatMethod]
) -> FlatMethod:
    live = _run(graph)
    # a layer or block of that name would be an attribute of the same class
    taken = {
        node.id.partition(".")[0]
        for program in network.programs.values()
        for node in program
        if "." in node.id or node.spec.layer is not None
    }
    name = unique(_method(_METHODS[entry], _suffix(network, variant)), taken)
    if entry == "mapping":  # the same at all levels, as a rule: a level's size in its name would mislead
        general = unique("map_styles_fading" if variant.fading else "map_styles", taken)
        name = name if any(other.name == general for other in known) else general
    flat = FlatMethod(
        name,
        graph,
        tuple(node.id for node in graph if node.id in live and node.op != "input"),
        tuple(call_order(graph)),
        tuple(graph.outputs.values()),
    )
    if entry != "forward":  # whose name says the level
        flat = next((other for other in known if other.content == flat.content), flat)
        known.append(flat)
    return flat


def _run(graph: Graph) -> set[str]:
    """What outputs depend on, and what keeps statistics that are saved: the rest is dead code."""
    run = {*graph.live}
    waiting = [node.id for node in graph if node.spec.has(Trait.STATEFUL)]
    while waiting:
        if (id_ := waiting.pop()) not in run:
            run.add(id_)
            waiting.extend(graph[id_].operands)
    return run


def _splits(whole: FlatMethod, mapping: FlatMethod, synthesis: FlatMethod) -> bool:
    """Whether mapping, then synthesis is the whole program: no node is run twice, no input read twice."""
    return sorted(whole.nodes) == sorted((*mapping.nodes, *synthesis.nodes)) and all(
        id_ == whole.graph.styles or id_ in whole.inputs for id_ in synthesis.inputs
    )


def _suffix(network: NetworkIR, variant: Variant) -> str:
    """Nothing for the full program; else `16` or `fade_16`, by the level's size."""
    if not network.levels or (variant.level == len(network.levels) - 1 and not variant.fading):
        return ""
    size = size_text(network.levels[variant.level])
    return f"fade_{size}" if variant.fading else size


def _method(stem: str, suffix: str) -> str:
    """`forward`, `forward_16`, `fade_16`; `synthesize`, `synthesize_16`, `synthesize_fade_16`."""
    if stem == "forward" and suffix.startswith("fade"):
        return suffix
    return f"{stem}_{suffix}" if suffix else stem

"""What a short form knows of networks: which inputs are latents, labels, images; which outputs are logits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from gandsl.ir.graph import Graph, NetworkIR
from gandsl.ir.types import PICTURES
from gandsl.records import dataclass
from gandsl.spec.document import NetworkDecl, PortDecl


@dataclass(frozen=True)
class Port:
    """An input or output as a spec declares it, and what it is in the IR: one tensor, or a list of them."""

    name: str
    nodes: tuple[str, ...]  # names in the IR, in order
    shapes: tuple[tuple[int, ...], ...]
    is_list: bool = False


@dataclass(frozen=True)
class Roles:
    """The ports of generator and discriminator, by what they are for."""

    latents: tuple[Port, ...]
    label: str | None  # the generator's, though its condition may leave it out
    judges_label: str | None  # the discriminator's
    images: tuple[Port, ...]  # that the discriminator sees
    made: tuple[Port, ...]  # that the generator makes
    logits: tuple[Port, ...]
    classes: str | None  # as one writes it behind a call: `label`, `labels[2]`
    outputs: Mapping[str, int]  # how many each network declares
    averages: tuple[str, ...]  # ops of the generator that keep a running mean of its styles

    @property
    def classes_are_seen(self) -> bool:
        """Whether anything takes a class."""
        return bool(self.label or self.judges_label)


def roles_of(
    declared: Mapping[str, NetworkDecl], networks: Mapping[str, NetworkIR], classifier: str | None
) -> Roles:
    """The roles of two networks; `classifier` is the output of D that names classes, as the IR calls it."""
    made, judge = networks["generator"].main, networks["discriminator"].main
    given = _inputs(declared["generator"].inputs, made)
    seen = _inputs(declared["discriminator"].inputs, judge)
    says = _outputs(declared["discriminator"], judge)
    return Roles(
        latents=tuple(port for port, kind in given if kind == "Latent"),
        label=_label(declared["generator"]),
        judges_label=_label(declared["discriminator"]),
        images=tuple(port for port, kind in seen if kind in PICTURES),
        made=tuple(_outputs(declared["generator"], made)),
        logits=_logits(_without(says, classifier), judge),
        classes=next((_picked(port, classifier) for port in says if classifier in port.nodes), None),
        outputs={name: max(len(declared[name].outputs), 1) for name in ("generator", "discriminator")},
        averages=tuple({node.op: None for node in made if node.op == "track_average"}),
    )


def _logits(ports: Sequence[Port], judge: Graph) -> tuple[Port, ...]:
    """Those of kind Logits: others are for terms that a game adds. All where there is none, which is told."""
    said = [port for port in ports if all(judge.output_kinds[node] == "Logits" for node in port.nodes)]
    return tuple(said or ports)


def _label(network: NetworkDecl) -> str | None:
    return next((name for name, port in network.inputs.items() if port.kind == "Label"), None)


def _inputs(ports: Mapping[str, PortDecl], graph: Graph) -> list[tuple[Port, str]]:
    """Those that are there, and their kinds."""
    found = []
    for name, port in ports.items():
        stem = re.compile(re.escape(name) + ("_.+" if port.each else ""))
        nodes = [node for node in graph.inputs if stem.fullmatch(node.id) and node.type.kind == port.kind]
        if nodes:
            ids, shapes = tuple(node.id for node in nodes), tuple(node.type.shape for node in nodes)
            found.append((Port(name, ids, shapes, bool(port.each)), port.kind))
    return found


def _outputs(network: NetworkDecl, graph: Graph) -> list[Port]:
    """As they are declared: a list is one of them."""
    names = list(network.outputs) or [list(network.body)[-1].key]
    found = []
    for name in names:
        listed = name not in graph.outputs
        ids = [f"{name}_{place}" for place in range(len(graph.outputs))] if listed else [name]
        ids = [one for one in ids if one in graph.outputs]
        shapes = tuple(graph[graph.outputs[one]].type.shape for one in ids)
        found.append(Port(name, tuple(ids), shapes, listed))
    return found


def _picked(port: Port, node: str | None) -> str:
    return f"{port.name}[{port.nodes.index(node)}]" if port.is_list and node in port.nodes else port.name


def _without(ports: Sequence[Port], node: str | None) -> list[Port]:
    """Without one output; what is left of a list is written entry by entry."""
    found = []
    for port in ports:
        if node not in port.nodes:
            found.append(port)
        elif port.is_list:
            found += [
                Port(_picked(port, one), (one,), (shape,))
                for one, shape in zip(port.nodes, port.shapes, strict=True)
                if one != node
            ]
    return found


def listed(names: Sequence[str]) -> str:
    """One name, or the expression of a list."""
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"

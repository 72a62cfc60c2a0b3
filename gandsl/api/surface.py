"""What a network that was written by hand says of itself, and that in the words of a spec and of the IR."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gandsl.api.trial import styles_of
from gandsl.diagnostics import Diagnostics, Span
from gandsl.frontend.short_form.make import mapping
from gandsl.ir.graph import Graph, NetworkIR, Node, Provenance, Variant
from gandsl.ir.types import PICTURES, TensorType
from gandsl.spec.declarations import build
from gandsl.spec.document import Document
from gandsl_runtime.layers import TrackAverage
from gandsl_runtime.network import Network, Port

if TYPE_CHECKING:
    from gandsl_runtime.plan import Plan

PLAN = "training"  # in place of a file's name: where the words of the plan stand
ALPHA = Port("alpha", "Scalar", ())
_NOWHERE = Span.point(PLAN)


@dataclass(frozen=True)
class Surface:
    """What goes into a network's programs and comes out, at the size of its last level."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    levels: tuple[tuple[int, ...], ...] = ()  # (h, w) of each that is trained
    styles: tuple[int, int] | None = None  # layers and numbers of a style space
    averages: tuple[tuple[str, int], ...] = ()  # running means of styles: path and size
    learned: tuple[str, ...] = ()  # paths of layers with weights


def surface_of(network: Network, grows: bool) -> Surface:
    """What a network says of itself; its styles are measured."""
    layers = dict.fromkeys(name.rpartition(".")[0] for name, _ in network.named_parameters())
    means = [(path, layer) for path, layer in network.named_modules() if isinstance(layer, TrackAverage)]
    return Surface(
        tuple(network.inputs),
        tuple(network.outputs),
        tuple(network.levels) if grows else (),
        styles_of(network) if network.has_styles else None,
        tuple((path, len(layer.average)) for path, layer in means) if network.has_styles else (),
        tuple(path for path in layers if path),
    )


# ---- as a spec declares it


def document_of(plan: Plan, surfaces: Mapping[str, Surface], diagnostics: Diagnostics) -> Document:
    """A spec of these networks without their layers, and with this plan."""
    levels = next((one.levels for one in surfaces.values() if one.levels), ())
    fields = {
        "gandsl": 1,
        "name": "by_hand",
        "growth": {"over": [list(size) for size in levels]} if levels else None,
        **{name: _declared(surface) for name, surface in surfaces.items()},
        "training": plan.model_dump(mode="json"),
    }
    return build(mapping(fields, _NOWHERE), PLAN, "", diagnostics)


def _declared(surface: Surface) -> dict[str, Any]:
    """Inputs and outputs. The body, which nobody unfolds, has to name something."""
    names = {port.name: port.name for port in surface.outputs}
    inputs: dict[str, Any] = {port.name: _type(port) for port in surface.inputs}
    if surface.levels:
        inputs[ALPHA.name] = {"type": "Scalar", "when": "fading"}
    return {
        "inputs": inputs,
        "body": names,
        "outputs": {port.name: {"of": port.name, "kind": port.kind} for port in surface.outputs},
    }


def _type(port: Port) -> str | dict[str, str]:
    written = f"{port.kind}[{', '.join(map(str, port.shape))}]" if port.shape else port.kind
    return {"type": written, "distribution": port.distribution} if port.distribution else written


# ---- in the IR


def network_ir(name: str, surface: Surface) -> NetworkIR:
    """The network as graphs in which a call stands for all its layers."""
    last = len(surface.levels) - 1
    variants = [
        Variant(level, fading)
        for level in range(max(last, 0) + 1)
        for fading in (False, True)[: 1 + (level > 0)]
    ]
    return NetworkIR(
        name, {variant: _program(name, surface, variant) for variant in variants}, surface.levels
    )


def _program(name: str, surface: Surface, variant: Variant) -> Graph:
    build = _Program(name)
    given = [build.input(port) for port in _at_level(surface, surface.inputs, variant)]
    fade = [build.input(ALPHA)] if variant.fading else []
    made = tuple(_at_level(surface, surface.outputs, variant))
    styles = None
    if surface.styles is None:
        outputs = build.call("forward", [*given, *fade], made)
    else:
        means = [Port(path, "Vector", (size,)) for path, size in surface.averages]
        (styles, *tracked) = build.call("mapping", given, (Port("styles", "Styles", surface.styles), *means))
        for mean, read in zip(means, tracked, strict=True):
            build.add(mean.name, "track_average", {"x": (read,)}, {"beta": 0.0}, mean)
        outputs = build.call("synthesis", [styles, *fade], made)
    for path in surface.learned:
        build.learned(path)
    named = dict(zip((port.name for port in made), outputs, strict=True))
    graph = Graph(name, build.nodes, named, {port.name: port.kind for port in made}, styles)
    graph.verify()
    return graph


def _at_level(surface: Surface, ports: tuple[Port, ...], variant: Variant) -> Iterator[Port]:
    """Ports as they are at a level: images in proportion to its size."""
    for port in ports:
        if surface.levels and port.kind in PICTURES:
            channels, *full = port.shape
            scale = zip(full, surface.levels[variant.level], surface.levels[-1], strict=True)
            port = Port(port.name, port.kind, (channels, *(side * now // last for side, now, last in scale)))
        yield port


class _Program:
    """A graph under way. Ids of calls have a character that no name of an input has."""

    def __init__(self, network: str) -> None:
        self.network = network
        self.nodes: dict[str, Node] = {}

    def input(self, port: Port) -> str:
        attrs = {"kind": port.kind, "shape": port.shape, "distribution": port.distribution or ""}
        return self.add(port.name, "input", {}, attrs, port)

    def call(self, entry: str, given: list[str], made: tuple[Port, ...]) -> list[str]:
        """A call of an entry on nodes: the ids of what it gives."""
        attrs = {
            "network": self.network,
            "entry": entry,
            "names": tuple(given),
            "outputs": tuple((port.name, port.kind, port.shape) for port in made),
            "weights": "own",
            "mode": "",
            "holds": (),
            "draws": "",
            "all": False,
        }
        called = self.add(f"{entry}()", "call", {"inputs": tuple(given)}, attrs, Port(entry, "Outputs", ()))
        return [
            self.add(
                f"{entry}().{port.name}",
                "output",
                {"x": (called,)},
                {"index": index, "kind": port.kind, "shape": port.shape, "times": 1},
                port,
            )
            for index, port in enumerate(made)
        ]

    def learned(self, path: str) -> None:
        """What lies there is learned, unless an input is called so."""
        if path not in self.nodes:
            attrs = {"network": self.network, "path": path, "skip": ()}
            self.add(path, "weights", {}, attrs, Port(path, "Weights", ()))

    def add(
        self, id_: str, op: str, inputs: dict[str, tuple[str, ...]], attrs: dict[str, Any], port: Port
    ) -> str:
        type_ = TensorType(port.kind, tuple(port.shape))
        self.nodes[id_] = Node(id_, op, inputs, attrs, type_, Provenance(_NOWHERE))
        return id_

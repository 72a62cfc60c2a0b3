"""IR graphs by hand: a builder that lets the op table compute the types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gandsl.diagnostics.span import Span
from gandsl.ir.graph import Graph, NetworkIR, Node, Provenance, Variant
from gandsl.ir.op import Call
from gandsl.ir.ops import PRIMITIVES
from gandsl.spec.values import Size


class Builder:
    """Each call adds a node and gives its id. Lines of the pretended spec count up from 1."""

    def __init__(self, network: str = "generator", file: str = "hand.yaml") -> None:
        self.network, self.file = network, file
        self.nodes: dict[str, Node] = {}

    def input(self, id_: str, kind: str, *shape: int, distribution: str = "") -> str:
        """An input of the network."""
        return self(id_, "input", kind=kind, shape=shape, distribution=distribution)

    def __call__(self, id_: str, op: str, inputs: Mapping[str, Any] | None = None, /, **attrs: Any) -> str:
        """`inputs` maps ports to an id or a list of ids; sizes may be numbers or pairs."""
        row = PRIMITIVES[op]
        ports = {
            port: (given,) if isinstance(given, str) else tuple(given)
            for port, given in (inputs or {}).items()
        }
        values = {param.name: attrs.pop(param.name, param.default) for param in row.params}
        assert not attrs, attrs
        for param in row.params:
            value = values[param.name]
            if param.type == "size" and value is not None and not isinstance(value, Size):
                values[param.name] = Size(*value) if isinstance(value, tuple) else Size(value, value)
        call = Call({port: tuple(self.nodes[i].type for i in ids) for port, ids in ports.items()}, values)
        line = len(self.nodes) + 1
        provenance = Provenance(Span(self.file, line, 1, line, 10))
        type_ = row.result(call)
        self.nodes[id_] = Node(id_, op, ports, row.settled(call), type_, provenance)
        return id_

    def graph(
        self, *outputs: str, styles: str | None = None, kinds: Mapping[str, str] | None = None
    ) -> Graph:
        """The graph with these outputs, verified."""
        names = {id_.split(".")[-1]: id_ for id_ in outputs}
        assert len(names) == len(outputs)
        kinds = kinds or {name: self.nodes[id_].type.kind for name, id_ in names.items()}
        graph = Graph(self.network, self.nodes, names, kinds, styles)
        graph.verify()
        return graph

    def ir(self, *outputs: str, styles: str | None = None) -> NetworkIR:
        """The graph as a network with one program."""
        return NetworkIR(self.network, {Variant(): self.graph(*outputs, styles=styles)})

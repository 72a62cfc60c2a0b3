"""What names stand for in a game besides: tensors of a game, networks and their parts, types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from itertools import accumulate, chain
from typing import Any

from gandsl.diagnostics.articles import a
from gandsl.frontend.values import NodeOutputs, TensorValue, first_output, leaves
from gandsl.ir.graph import Graph
from gandsl.ir.types import TensorType
from gandsl.records import dataclass
from gandsl.spec.values import ABSENT, Opaque


@dataclass(frozen=True)
class GameTensor(TensorValue):
    """A tensor of a game: `.type` is what `draw` makes another of."""

    @property
    def kind_name(self) -> str:
        return a(self.type)

    @property
    def attributes(self) -> tuple[str, ...]:
        return (*super().attributes, "type")

    def attribute(self, name: str) -> Any:
        return TypeValue(self.type) if name == "type" else super().attribute(name)


@dataclass(frozen=True)
class TypeValue(Opaque):
    """A tensor's type, with the distribution that a network's input is drawn from."""

    type: TensorType
    distribution: str = ""

    @property
    def kind_name(self) -> str:
        return f"the type {self.type}"


@dataclass(frozen=True)
class Called(NodeOutputs):
    """What a call of a network gives. `id` is the call's, by which others take its layers' draws."""

    id: str = ""


@dataclass(frozen=True)
class PartValue(Opaque):
    """A network (`path` empty), or what lies below an id of it: `decoder.rgb`, `generator.z`."""

    network: str
    path: str
    graph: Graph = field(compare=False, repr=False)  # its program at this variant

    @property
    def kind_name(self) -> str:
        return f"`{self.name}` of the networks"

    @property
    def name(self) -> str:
        return f"{self.network}.{self.path}" if self.path else self.network

    @property
    def ids(self) -> dict[str, None]:
        """Ids of its network's nodes, and of what they lie in."""
        starts = (accumulate(id_.split("."), "{}.{}".format) for id_ in self.graph.nodes)
        return dict.fromkeys(chain.from_iterable(starts))

    @property
    def attributes(self) -> tuple[str, ...]:
        start = f"{self.path}." if self.path else ""
        inner = (
            id_.removeprefix(start).partition(".")[0] for id_ in self.graph.nodes if id_.startswith(start)
        )
        return tuple(dict.fromkeys(inner))

    def attribute(self, name: str) -> PartValue:
        if name not in self.attributes:
            raise KeyError(name)
        return PartValue(self.network, f"{self.path}.{name}" if self.path else name, self.graph)

    @property
    def drawn(self) -> TypeValue | None:
        """What is drawn for it, where it is an input of the network."""
        node = self.graph.nodes.get(self.path)
        if node is None or node.op != "input":
            return None
        return TypeValue(node.type, node.attrs["distribution"])


def is_absent(value: Any) -> bool:
    """Whether a value, or an entry of a list, is absent."""
    return any(one is ABSENT for one in leaves(first_output(value)))


Networks = Mapping[str, Any]  # name → PartValue, or POISON where the network failed

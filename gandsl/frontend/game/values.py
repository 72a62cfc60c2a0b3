"""What names stand for in a game besides: tensors that compute, networks and their parts, types."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gandsl.diagnostics.articles import a
from gandsl.diagnostics.errors import Fault
from gandsl.frontend.values import NodeOutputs, TensorValue, first_output
from gandsl.ir.graph import Graph
from gandsl.ir.types import TensorType
from gandsl.spec.values import ABSENT, Algebra, Opaque


@dataclass(frozen=True)
class GameTensor(TensorValue):
    """A tensor of a game: expressions compute with it, and `.type` is what `draw` makes another of."""

    computes: Algebra | None = field(default=None, compare=False, repr=False)

    @property
    def kind_name(self) -> str:
        return a(self.type)

    @property
    def algebra(self) -> Algebra | None:
        return self.computes

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


def leaves(value: Any) -> Iterator[Any]:
    """The entries of a list of lists, in order; a value that is no list is its own."""
    if isinstance(value, list | tuple):
        for entry in value:
            yield from leaves(entry)
    else:
        yield value


def mapped(rule: Callable[[Any], Any], value: Any) -> Any:
    """A list of lists with each entry replaced."""
    return [mapped(rule, entry) for entry in value] if isinstance(value, list | tuple) else rule(value)


def entry_by_entry(rule: Callable[..., Any], *values: Any) -> Any:
    """`rule` of the values, or, of lists of one length among them, of their entries. Raises Fault."""
    values = tuple(first_output(value) for value in values)
    lengths = {len(value) for value in values if isinstance(value, list | tuple)}
    if not lengths:
        return rule(*values)
    if len(lengths) > 1:
        few, many = sorted(lengths)[:2]
        raise Fault("G0330", f"lists of {few} and of {many} entries cannot be computed with, entry by entry")
    (length,) = lengths
    return [
        entry_by_entry(rule, *(value[i] if isinstance(value, list | tuple) else value for value in values))
        for i in range(length)
    ]


def is_absent(value: Any) -> bool:
    """Whether a value, or an entry of a list, is absent."""
    return any(one is ABSENT for one in leaves(first_output(value)))


Networks = Mapping[str, Any]  # name → PartValue, or POISON where the network failed

"""A game's graph and those of the networks that it calls, as one: what reads what, across calls.

A place is (call, node): a layer in a call of a network, or ("", node), a node of the game itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from functools import cached_property
from itertools import chain

from gandsl.ir.graph import Graph, NetworkIR, Node, Variant
from gandsl.ir.split import entry_graph
from gandsl.records import dataclass

Place = tuple[str, str]

OWN, AVERAGE = "own", "average"  # whose weights a call runs with


@dataclass(frozen=True)
class Invocation:
    """What a call runs: one program of a network, with what it is given."""

    id: str
    network: str
    graph: Graph
    given: Mapping[str, str]  # input of the network → node of the game
    outputs: tuple[str, ...]  # names, as `output` nodes count them
    average: bool  # with the average of the weights
    all: bool  # whatever is read of it

    def output(self, index: int) -> str:
        """The layer that makes an output."""
        return self.graph.outputs[self.outputs[index]]


@dataclass(frozen=True)
class Whole:
    """A variant of a game, with the programs of its networks for that variant."""

    graph: Graph
    networks: Mapping[str, NetworkIR]
    variant: Variant

    @cached_property
    def calls(self) -> Mapping[str, Invocation]:
        """The calls, by id, in the game's order."""
        return {node.id: self._called(node) for node in self.graph if node.op == "call"}

    def _called(self, node: Node) -> Invocation:
        network, entry = self.networks[node.attrs["network"]], node.attrs["entry"]
        if (network.name, entry) not in self._programs:
            program = network.programs.get(self.variant, network.main)
            self._programs[network.name, entry] = entry_graph(program, entry)
        return Invocation(
            node.id,
            network.name,
            self._programs[network.name, entry],
            dict(zip(node.attrs["names"], node.operands, strict=True)),
            tuple(name for name, *_ in node.attrs["outputs"]),
            node.attrs["weights"] == AVERAGE,
            node.attrs["all"],
        )

    @cached_property
    def _programs(self) -> dict[tuple[str, str], Graph]:
        return {}

    def __iter__(self) -> Iterator[Place]:
        """Every place, each after what it reads; a call stands behind its layers."""
        for node in self.graph:
            if node.id in self.calls:
                yield from ((node.id, id_) for id_ in self.calls[node.id].graph.nodes)
            yield "", node.id

    def node(self, place: Place) -> Node:
        return self._nodes[place]

    @cached_property
    def _nodes(self) -> dict[Place, Node]:
        return {place: self.program(place)[place[1]] for place in self}

    def program(self, place: Place) -> Graph:
        """The graph that a place's node stands in."""
        return self.calls[place[0]].graph if place[0] else self.graph

    @cached_property
    def operands(self) -> Mapping[Place, tuple[Place, ...]]:
        """By place, what is computed before; of a call: all of it, if it runs whatever is read of it."""
        found = {place: _all_of(ports) for place, ports in self._ports.items()}
        for id_, call in self.calls.items():
            found["", id_] = tuple((id_, layer) for layer in call.graph.live) if call.all else ()
        return found

    def reads(self, place: Place) -> Mapping[str, tuple[Place, ...]]:
        """By port, what its numbers depend on: not what gives it the size of a batch alone."""
        return self._reads[place]

    @cached_property
    def sources(self) -> Mapping[Place, tuple[Place, ...]]:
        """By place, all that its numbers depend on."""
        return {place: _all_of(ports) for place, ports in self._reads.items()}

    @cached_property
    def _reads(self) -> dict[Place, Mapping[str, tuple[Place, ...]]]:
        return {place: self._read(place, node) for place, node in self._nodes.items()}

    def _read(self, place: Place, node: Node) -> Mapping[str, tuple[Place, ...]]:
        ports = self._ports[place]
        if node.op == "select":
            return ports | {"x": tuple((place[0], id_) for id_ in self.program(place).reads(node))}
        if counting := [port.name for port in node.spec.ports if port.counts]:
            return {name: ones for name, ones in ports.items() if name not in counting}
        return ports

    @cached_property
    def _ports(self) -> dict[Place, dict[str, tuple[Place, ...]]]:
        return {place: self._given(place, node) for place, node in self._nodes.items()}

    def _given(self, place: Place, node: Node) -> dict[str, tuple[Place, ...]]:
        call, id_ = place
        if call and node.op == "input":
            given = self.calls[call].given.get(id_)
            return {"given": (("", given),)} if given is not None else {}
        if not call and node.op == "output" and (made := node.operands[0]) in self.calls:
            return {"x": ((made, self.calls[made].output(node.attrs["index"])),)}
        if not call and node.op == "call":
            return {}
        return {port: tuple((call, one) for one in ones) for port, ones in node.inputs.items()}

    def upstream(self, ends: Iterable[Place], known: Set[Place] = frozenset()) -> set[Place]:
        """All that has to be computed for `ends`, themselves and the calls that run included.

        Without what is known, and all that this needs.
        """
        found: set[Place] = set()
        waiting = list(ends)
        while waiting:
            place = waiting.pop()
            if place not in found and place not in known:
                found.add(place)
                waiting.extend(self.operands[place])
                if place[0]:
                    waiting.append(("", place[0]))
        return found


def _all_of(ports: Mapping[str, tuple[Place, ...]]) -> tuple[Place, ...]:
    """What is read by any port."""
    return tuple(chain.from_iterable(ports.values()))

"""Random small games: of any nodes, over three networks of one kind of layer after the other."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from gandsl.ir.game import GameIR
from gandsl.ir.graph import NetworkIR, Node, Variant
from gandsl_runtime.plan.game import Term
from tests import graphs
from tests.analysis.games import Builder

SIZE = 3  # of every vector
NAMES = ("maker", "judge", "other")
_LAYERS = (
    "linear",
    "linear",
    "bias",
    "gain",
    "tanh",
    "softplus",
    "relu",
    "sigmoid",
    "leaky_relu",
    "silu",
    "add",
    "multiply",
)
_CURVED = (
    "tanh",
    "softplus",
    "relu",
    "sigmoid",
    "exp",
    "abs",
    "power",
    "sqrt",
    "negate",
    "stop_gradient",
    "sign",
)
_OF_TWO = ("plus", "minus", "times", "divide", "below")


def random_network(chance: random.Random, name: str) -> NetworkIR:
    """Two inputs and two outputs over some layers; each of these reads what stands above it."""
    b = graphs.Builder(name)
    made = [b.input("a", "Vector", SIZE), b.input("b", "Vector", SIZE)]
    for index in range(chance.randint(2, 6)):
        op = chance.choice(_LAYERS)
        x, y = chance.choice(made[-3:]), chance.choice(made)
        id_ = f"{chance.choice(('low', 'high'))}.n{index}"
        if op == "linear":
            made.append(b(id_, op, {"x": x}, features=SIZE))
        elif op == "add":
            made.append(b(id_, op, {"terms": [x, y]}))
        elif op == "multiply":
            made.append(b(id_, op, {"a": x, "b": y}))
        else:
            made.append(b(id_, op, {"x": x}))
    outputs = (made[-1], chance.choice(made[2:-1] or made[:1]))
    return NetworkIR(name, {Variant(): b.graph(*dict.fromkeys(outputs))})


@dataclass
class _Body:
    """A body that grows at random: vectors, numbers and scalars made so far."""

    chance: random.Random
    b: Builder
    by_weights: bool = False
    vectors: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    scalars: list[str] = field(default_factory=list)
    above: dict[str, set[str]] = field(default_factory=dict)  # node → all that stands before it

    def grow(self, index: int) -> None:
        """One node more, of a kind by chance."""
        id_, chance = f"n{index}", self.chance
        kinds = [
            self._call,
            self._function,
            self._of_two,
            self._number,
            self._scalar,
            self._gradient,
            self._lerp,
        ]
        weights = [4, 3, 3, 3, 2, 3, 1]
        if self.by_weights:
            kinds, weights = [*kinds, self._gradient_by_weights], [*weights, 3]
        chance.choices(kinds, weights=weights)[0](id_)

    def add(self, id_: str) -> None:
        node = self.b.nodes[id_]
        lists = {"Vector": self.vectors, "Number": self.numbers, "Scalar": self.scalars}
        lists[node.type.kind].append(id_)

    def _call(self, id_: str) -> None:
        network = self.chance.choice(NAMES)
        given = {name: self.chance.choice(self.vectors[-6:]) for name in ("a", "b")}
        weights = self.chance.choices(["own", "average"], weights=[6, 1])[0]
        self.b.call(id_, network, given, weights=weights, all=self.chance.random() < 0.2)
        for name in self.b.networks[network].main.outputs:
            self.add(f"{id_}.{name}")

    def _function(self, id_: str) -> None:
        op = self.chance.choice(_CURVED)
        attrs = {"exponent": self.chance.choice([2.0, 3.0])} if op == "power" else {}
        x = self.chance.choice([*self.vectors[-4:], *self.numbers[-4:]])
        self.add(self.b.one(id_, op, x, **attrs))

    def _of_two(self, id_: str) -> None:
        pool = [*self.vectors[-5:], *self.numbers[-4:], *self.scalars[-3:]]
        op, a, b = self.chance.choice(_OF_TWO), self.chance.choice(pool), self.chance.choice([*pool, 0.5])
        if isinstance(b, float) and self.chance.random() < 0.5:
            self.add(self.b(id_, op, {"b": a}, number=b))
        else:
            self.add(self.b.two(id_, op, a, b))

    def _lerp(self, id_: str) -> None:
        a, b = (self.chance.choice(self.vectors) for _ in "ab")
        self.add(self.b(id_, "lerp", {"a": a, "b": b, "weight": self.chance.choice(self.numbers)}))

    def _number(self, id_: str) -> None:
        self.add(
            self.b.one(
                id_, self.chance.choice(["sample_mean", "sample_sum"]), self.chance.choice(self.vectors[-6:])
            )
        )

    def _scalar(self, id_: str) -> None:
        self.add(self.b.one(id_, "mean", self.chance.choice([*self.numbers[-4:], *self.vectors[-3:]])))

    def _gradient(self, id_: str) -> None:
        of = self.chance.choice([*self.numbers[-5:], *self.scalars[-2:]])
        above = [one for one in self._upstream(of) if self.b.nodes[one].type.kind in ("Vector", "Number")]
        if above:
            by = self.chance.sample(above, min(len(above), self.chance.choice([1, 1, 2])))
            self.b.gradient(id_, of, *by)
            for index in range(len(by)):
                self.add(f"{id_}_{index}")

    def _gradient_by_weights(self, id_: str) -> None:
        """Its norm: nothing else reads weights."""
        of = self.chance.choice([*self.numbers[-5:], *self.scalars[-2:]])
        calls = [self.b.nodes[self.b.nodes[one].operands[0]] for one in self._upstream(of) if "." in one]
        networks = sorted({one.attrs["network"] for one in calls if one.op == "call"})
        if not networks:
            return
        network = self.chance.choice(networks)
        path = self.chance.choice(["", "low", "high"])
        self.b(f"{id_}w", "weights", network=network, path=path, skip=())
        slope = self.b.gradient(f"{id_}g", of, f"{id_}w")
        self.add(self.b.one(id_, "norm", slope))

    def _upstream(self, id_: str) -> list[str]:
        """What a node can be differentiated by: on a way that no constant cuts."""
        found: dict[str, None] = {}
        waiting = [id_]
        while waiting:
            one = waiting.pop()
            node = self.b.nodes[one]
            if one not in found and node.op not in ("stop_gradient", "sign", "below"):
                found[one] = None
                waiting.extend(self._read(node))
        found.pop(id_, None)
        return sorted(found)

    def _read(self, node: Node) -> list[str]:
        """The operands of a node; of an output of a call, those that it depends on."""
        if node.op != "output" or self.b.nodes[node.operands[0]].op != "call":
            return list(node.operands)
        call = self.b.nodes[node.operands[0]]
        graph = self.b.networks[call.attrs["network"]].main
        read, waiting = set(), [list(graph.outputs.values())[node.attrs["index"]]]
        while waiting:
            read.add(one := waiting.pop())
            waiting.extend(graph[one].operands)
        given = zip(call.attrs["names"], call.operands, strict=True)
        return [one for name, one in given if name in read]


def random_game(seed: int, by_weights: bool = False) -> tuple[GameIR, dict[str, NetworkIR]]:
    """A game of one or two players over three networks, and these; `by_weights`: with gradients by those."""
    chance = random.Random(seed)
    networks = {name: random_network(chance, name) for name in NAMES}
    body = _Body(chance, Builder(networks), by_weights)
    for name in ("z", "image"):
        make = body.b.draw if name == "z" else body.b.item
        body.add(make(name, "Vector", SIZE))
    body.add(body.b.draw("u", "Number"))
    body.add(body.b("k", "state"))
    for index in range(chance.randint(8, 26)):
        body.grow(index)
    ends = []
    for index in range(3):
        body.b.one(f"end{index}", "mean", chance.choice([*body.numbers[-6:], *body.vectors[-4:]]))
        ends.append(f"end{index}")
    players = {}
    for name in ("one", "two")[: chance.randint(1, 2)]:
        parts = [*NAMES, "maker.low", "judge.high"]
        trains = chance.sample(parts, chance.randint(1, 2))
        terms = [
            Term(
                f"{name}.t{index}", chance.choice(ends), weight=chance.choice([1.0, 0.5, chance.choice(ends)])
            )
            for index in range(chance.randint(1, 3))
        ]
        players[name] = (trains, terms)
    order = (tuple(players),) if chance.random() < 0.5 else tuple((name,) for name in players)
    return body.b.game(players, order=order), networks

"""Random small games, and plain torch that plays a pass of one."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional

from gandsl.analysis.game.slices import PassIR, roots
from gandsl.analysis.game.whole import Place
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


# ---- plain torch

_FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "tanh": torch.tanh,
    "softplus": functional.softplus,
    "relu": functional.relu,
    "sigmoid": torch.sigmoid,
    "silu": functional.silu,
    "exp": torch.exp,
    "abs": torch.abs,
    "negate": torch.neg,
    "sqrt": torch.sqrt,
    "stop_gradient": torch.Tensor.detach,
    "sign": lambda x: torch.sign(x.detach()),
    "sample_mean": lambda x: x if x.dim() < 2 else x.flatten(1).mean(1),
    "sample_sum": lambda x: x if x.dim() < 2 else x.flatten(1).sum(1),
    "mean": torch.mean,
    "norm": lambda x: torch.linalg.vector_norm(x) if x.any() else x.sum(),
}
_ARITHMETIC: dict[str, Callable[..., Tensor]] = {
    "plus": lambda a, b: a + b,
    "minus": lambda a, b: a - b,
    "times": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "below": lambda a, b: (a < b).to((a if isinstance(a, Tensor) else b).dtype),
}


@dataclass
class Play:
    """A pass in plain torch. `values`: of each place; `through`: where derivatives were tracked."""

    one: PassIR
    variables: Callable[[str, str], bool]  # network, layer
    again: Sequence[str] = ()  # gradients that are taken so that they can be differentiated
    rows: tuple[int, int] = (0, 4)  # of the four samples
    dtype: torch.dtype = torch.float32
    means: Mapping[str, Tensor] = field(default_factory=dict)  # given from outside
    values: dict[Place, Tensor] = field(default_factory=dict)
    weights: dict[tuple[str, str, bool], dict[str, Tensor]] = field(default_factory=dict)
    was: dict[str, bool] = field(default_factory=dict)  # `by` → whether it required a gradient by itself
    through: dict[str, set[Place]] = field(default_factory=dict)
    _running: str = ""
    _results: dict[str, tuple[Tensor, ...]] = field(default_factory=dict)

    def run(self) -> Tensor:
        """The loss of all players together."""
        torch.manual_seed(0)
        graph = self.one.whole.graph
        bys = {
            by
            for node in graph
            if node.op == "gradient" and node.id in self.one.nodes
            for by in node.inputs["by"]
        }
        for id_ in self.one.nodes:
            self._node(graph[id_])
            if id_ in bys and graph[id_].op == "weights":
                network = graph[id_].attrs["network"]
                layers = self.one.whole.networks[network].weighted()
                self.was[id_] = any(
                    _covers(graph[id_], network, one) and self.variables(network, one) for one in layers
                )
            elif id_ in bys:
                value = self.values["", id_]
                self.was[id_] = value.requires_grad
                self.values["", id_] = value if value.requires_grad else value.detach().requires_grad_()
        loss = torch.zeros((), dtype=self.dtype)
        for term in self.one.terms:
            value, *weight = (self.values["", root] for root in roots(term))
            loss = loss + (weight[0] if weight else float(term.weight)) * value  # type: ignore[arg-type]
        return loss

    def _node(self, node: Node) -> None:
        place = ("", node.id)
        given = [self.values["", id_] for id_ in node.operands if ("", id_) in self.values]
        if node.op in ("item", "draw"):
            self.values[place] = (torch.rand(4, *node.type.shape, dtype=self.dtype) + 0.5)[slice(*self.rows)]
        elif node.op == "state":
            self.values[place] = torch.tensor(0.7, dtype=self.dtype)
        elif node.id in self.means:
            self.values[place] = self.means[node.id]
        elif node.op == "call":
            self._call(node)
        elif node.op == "output":
            self.values[place] = self._picked(node)
        elif node.op == "weights":
            pass
        elif node.op == "gradient" and self._matrices(node.inputs["by"][0]) is not None:
            self._gradient_by_weights(node, given[0])
        elif node.op == "gradient":
            self.through[node.id] = set()
            again = node.id in self.again
            if not given[0].requires_grad:  # a constant: what is above it stands behind a constant
                self._results[node.id] = tuple(torch.zeros_like(by) for by in given[1:])
                return
            self._running = node.id
            found = torch.autograd.grad(given[0].sum(), given[1:], None, True, again, allow_unused=True)
            self._results[node.id] = tuple(
                torch.zeros_like(by) if one is None else one for one, by in zip(found, given[1:], strict=True)
            )
            self._running = ""
        else:
            with self._watched(place, given):
                self.values[place] = compute(node, given)

    def _matrices(self, by: str) -> list[Tensor] | None:
        """The matrices that a node stands for, as far as they have run; None: it stands for no weights."""
        node = self.one.whole.graph[by]
        if node.op != "weights":
            return None
        return [
            of["weight"]
            for (network, layer, average), of in self.weights.items()
            if not average and _covers(node, network, layer) and of.get("weight", torch.zeros(())).dim() > 1
        ]

    def _gradient_by_weights(self, node: Node, of: Tensor) -> None:
        self.through[node.id] = set()
        weights = self._matrices(node.inputs["by"][0])
        zero = torch.zeros(1, dtype=self.dtype)
        if not of.requires_grad or not weights:
            self._results[node.id] = (zero,)
            return
        self._running = node.id
        again = node.id in self.again
        found = torch.autograd.grad(of.sum(), weights, None, True, again, materialize_grads=True)
        self._results[node.id] = (torch.cat([zero, *(one.flatten() for one in found)]),)
        self._running = ""

    def _picked(self, node: Node) -> Tensor:
        made = node.operands[0]
        if made in self._results:
            return self._results[made][node.attrs["index"]]
        called = self.one.whole.calls[made]
        return self.values[made, called.output(node.attrs["index"])]

    def _call(self, node: Node) -> None:
        call = self.one.calls[node.id]
        graph = self.one.whole.calls[node.id].graph
        for id_ in call.layers:
            layer = graph[id_]
            place = (node.id, id_)
            if layer.op == "input":
                self.values[place] = self.values["", call.given[id_]]
                continue
            given = [self.values[node.id, one] for one in layer.operands]
            with self._watched(place, given):
                self.values[place] = compute(layer, given, self._weights(call.network, layer, call.average))

    def _weights(self, network: str, layer: Node, average: bool) -> dict[str, Tensor]:
        key = (network, layer.id, average)
        if key not in self.weights:
            shapes = {
                "linear": {"weight": (SIZE, SIZE), "bias": (SIZE,)},
                "bias": {"bias": (SIZE,)},
                "gain": {"weight": ()},
            }
            learned = not average and self.variables(network, layer.id)
            self.weights[key] = {
                name: (torch.rand(shape, dtype=self.dtype) + 0.1).requires_grad_(
                    learned or (len(shape) > 1 and not average and self._asked_by(network, layer.id))
                )
                for name, shape in shapes.get(layer.op, {}).items()
            }
        return self.weights[key]

    def _asked_by(self, network: str, layer: str) -> bool:
        """Whether something in the pass is differentiated by a layer's weights."""
        graph = self.one.whole.graph
        bys = {by for id_ in self.one.nodes if graph[id_].op == "gradient" for by in graph[id_].inputs["by"]}
        return any(graph[by].op == "weights" and _covers(graph[by], network, layer) for by in bys)

    @contextmanager
    def _watched(self, place: Place, given: Sequence[Tensor]) -> Iterator[None]:
        """Note whether the derivative of what is computed inside is tracked, when a gradient passes it."""
        yield
        value = self.values[place]
        ends = {id(tensor.grad_fn) for tensor in given if tensor.grad_fn is not None}
        waiting = [value.grad_fn]
        seen = set(ends)
        while waiting:
            function = waiting.pop()
            if function is None or id(function) in seen or "AccumulateGrad" in type(function).__name__:
                continue
            seen.add(id(function))
            waiting.extend(before for before, _ in function.next_functions)
            function.register_hook(lambda found, _: self._note(place, found))

    def _note(self, place: Place, found: Sequence[Tensor | None]) -> None:
        if self._running and any(tensor is not None and tensor.requires_grad for tensor in found):
            self.through[self._running].add(place)


def compute(node: Node, given: Sequence[Tensor], weights: dict[str, Tensor] | None = None) -> Tensor:
    """One op, in plain torch."""
    weights = weights or {}
    if node.op in _ARITHMETIC:
        number = node.attrs["number"]
        if number is not None:
            given = [number, *given] if "b" in node.inputs else [*given, number]
        a, b = (_over(x, y) for x, y in (given, given[::-1]))
        return _ARITHMETIC[node.op](a, b)
    if node.op == "power":
        return given[0].pow(int(node.attrs["exponent"]))
    if node.op == "leaky_relu":
        return functional.leaky_relu(given[0], 0.2)
    if node.op == "linear":
        return functional.linear(given[0], weights["weight"], weights["bias"])
    if node.op == "bias":
        return given[0] + weights["bias"]
    if node.op == "gain":
        return given[0] * weights["weight"]
    if node.op == "add":
        return given[0] + given[1]
    if node.op == "multiply":
        return given[0] * given[1]
    if node.op == "lerp":
        return torch.lerp(given[0], given[1], given[2][:, None])
    return _FUNCTIONS[node.op](given[0])


def _over(x: Tensor | float, y: Tensor | float) -> Tensor | float:
    if isinstance(x, Tensor) and isinstance(y, Tensor) and x.dim() == 1 and y.dim() == 2:
        return x[:, None]
    return x


def _covers(node: Node, network: str, layer: str) -> bool:
    path = node.attrs["path"]
    return node.attrs["network"] == network and (not path or layer.startswith(f"{path}."))

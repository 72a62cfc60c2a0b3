"""The body of a random game: nodes by chance, each with its text and its meaning."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import torch
from torch.nn.functional import softplus

from tests.games.random_text import LAYERS, Game, Node

_OF_ANY: list[tuple[str, tuple[float, ...]]] = [
    ("normal, mean: 1, std: 0.5", (1.0, 0.5)),
    ("truncated_normal", (0.0, 1.0)),
    ("log_normal, std: 0.3", (0.0, 0.3)),
    ("logit_normal, mean: -1", (-1.0, 1.0)),
    ("laplace", ()),
    ("gumbel", ()),
    ("exponential", ()),
    ("beta, alpha: 0.5, beta: 2", (0.5, 2.0)),
    ("bernoulli, p: 0.25", (0.25,)),
    ("categorical, shares: [1, 2, 1]", (1.0, 2.0, 1.0)),
]
DRAWS = {"number": _OF_ANY, "vector": [*_OF_ANY, ("unit", ()), ("permutation", ())]}
AVERAGES = ["{decay: 0.75}", "{power: 2}", "{half_life: 20 img}"]


@dataclass
class Growing:
    chance: random.Random
    game: Game
    states: list[str] = field(default_factory=list)
    curves: list[str] = field(default_factory=list)
    count: int = 0

    def __post_init__(self) -> None:
        grows = self.game.levels is not None
        self.add(Node("image", "data" if grows else "image", "", None, (), "item"))
        if grows:
            self.add(Node("item", "image", "{block: level.item, x: image}", None, ("image",), "level"))
        self.add(Node("z", "vector", "{draw: maker.z}", None, (), "draw"))
        self.add(Node("u", "number", "{draw: Number, distribution: uniform}", None, (), "draw"))
        self.add(
            Node("coin", "scalar", "{draw: Scalar, distribution: uniform, per: batch}", None, (), "draw")
        )
        for index in range(self.chance.randint(0, 2)):
            self.states.append(f"k{index}")
            self.add(Node(f"k{index}", "scalar", "", None, (), "state"))
        curve = "{value: {shape: linear, start: 1, end: 0, over: 4 steps}}"
        if self.chance.random() < 0.5:
            self.curves.append("curve")
            self.add(Node("curve", "scalar", curve, None, (), "curve"))
        self._call("maker", "z")
        self._call("judge", "item" if grows else "image")

    def add(self, node: Node) -> str:
        self.game.nodes[node.name] = node
        return node.name

    def one(self, *kinds: str) -> str:
        """A node of such a kind, rather a late one."""
        found = [node.name for node in self.game.nodes.values() if node.kind in kinds]
        return self.chance.choice(found[-5:])

    def name(self) -> str:
        self.count += 1
        return f"n{self.count}"

    def grow(self) -> None:
        made = [
            self._image,
            self._vector,
            self._number,
            self._mean,
            self._mean,
            self._gradient,
            self._gradient,
            self._gradient_by_weights,
            self._some_call,
            self._draw,
            self._shuffle,
            self._replay,
        ]
        self.chance.choice(made)()

    def _draw(self) -> None:
        """Numbers of any distribution."""
        kind, name = self.chance.choice(["number", "vector"]), self.name()
        written, numbers = self.chance.choice(DRAWS[kind])
        distribution = written.partition(",")[0]
        type_ = "Number" if kind == "number" else "'Vector[3]'"
        text = f"{{draw: {type_}, distribution: {written}}}"
        self.add(Node(name, kind, text, None, (), "draw", drawn=(distribution, numbers)))

    def _shuffle(self) -> None:
        """Samples of a micro-batch in another order."""
        x, by, name = self.one("image", "vector", "number"), self.one("number"), self.name()
        kind = self.game.nodes[x].kind
        text, means = (
            f"{{op: shuffle, x: {x}, by: {by}}}",
            lambda v: v(x)[v(by).detach().argsort(stable=True)],
        )
        self.add(Node(name, kind, text, means, (x, by)))

    def _replay(self) -> None:
        """Samples of before: of a pool that is full after a step, and of one that is never."""
        kinds = ["vector"] if self.game.levels else ["image", "vector"]  # a pool is of one size
        x, size, name = self.one(*kinds), self.chance.choice([3, 10, 50]), self.name()
        text = f"{{op: replay, x: {x}, size: {size}}}"
        self.add(Node(name, self.game.nodes[x].kind, text, None, (x,), "replay", size=size))

    def _some_call(self) -> None:
        network = self.chance.choice([*LAYERS])
        average = self.chance.random() < 0.2
        if average:
            self.game.averages.setdefault(network, self.chance.choice(AVERAGES))
        self._call(network, "z" if network == "maker" else self.one("image"), average)

    def _call(self, network: str, given: str, average: bool = False) -> None:
        name = self.name()
        more = ", weights: average" if average else ""
        if network == "judge":
            text = f"{{network: judge, image: {given}{more}}}"
            self.add(Node(name, "call", text, None, (), "call"))
            code, logit = f"{name}.trunk", f"{name}.logit"
            self.add(Node(code, "vector", "", None, (given,), "call", ("judge", "dense"), average))
            self.add(Node(logit, "logit", "", None, (code,), "call", ("judge", "logit"), average))
            return
        port, kind = ("z", "image") if network == "maker" else ("image", "vector")
        text = f"{{network: {network}, {port}: {given}{more}}}"
        self.add(Node(name, kind, text, None, (given,), "call", (network, "dense"), average))

    def _image(self) -> None:
        a, b = self.one("image"), self.one("image")
        kind = self.chance.randrange(4)
        name = self.name()
        if kind == 0:
            self.add(
                Node(name, "image", f"tanh({a} + 0.5 * {b})", lambda v: torch.tanh(v(a) + 0.5 * v(b)), (a, b))
            )
        elif kind == 1:
            u = self.one("number")
            means = lambda v: v(a) + (v(b) - v(a)) * v(u)[:, None, None, None]  # noqa: E731
            self.add(Node(name, "image", f"{{op: lerp, a: {a}, b: {b}, weight: {u}}}", means, (a, b, u)))
        elif kind == 2:
            self.add(Node(name, "image", f"stop_gradient({a})", lambda v: v(a).detach(), (a,), "stop"))
        else:
            s = self.one("scalar")
            self.add(Node(name, "image", f"{a} * {s} - {b} / 3", lambda v: v(a) * v(s) - v(b) / 3, (a, s, b)))

    def _vector(self) -> None:
        a, b, name = self.one("vector"), self.one("vector"), self.name()
        self.add(Node(name, "vector", f"{a} * {b} + 0.1", lambda v: v(a) * v(b) + 0.1, (a, b)))

    def _number(self) -> None:
        x, name = self.one("image", "vector", "logit"), self.name()
        kind = self.chance.randrange(3)
        if kind == 0:
            self.add(Node(name, "number", f"sample_mean({x})", lambda v: v(x).flatten(1).mean(1), (x,)))
        elif kind == 1:
            means = lambda v: (v(x).flatten(1).square().sum(1) + 0.1).sqrt()  # noqa: E731
            self.add(Node(name, "number", f"sqrt(sample_sum({x} ** 2) + 0.1)", means, (x,)))
        else:
            n = self.one("number")
            means = lambda v: torch.sigmoid(v(x).flatten(1).mean(1)) * v(n)  # noqa: E731
            self.add(Node(name, "number", f"sigmoid(sample_mean({x})) * {n}", means, (x, n)))

    def _mean(self) -> None:
        slopes = [node.name for node in self.game.nodes.values() if node.form == "gradient"][-2:]
        often = slopes and self.chance.random() < 0.6  # or few terms would differentiate one
        x = self.chance.choice(slopes) if often else self.one("image", "vector", "logit", "number")
        name = self.name()
        kind = self.chance.randrange(4)
        if kind == 0:
            self.add(
                Node(name, "scalar", f"mean(softplus(-{x}))", lambda v: softplus(-v(x)).mean(), (x,), "mean")
            )
        elif kind == 1:
            s = self.one("scalar")
            self.add(
                Node(
                    name,
                    "scalar",
                    f"{s} * mean({x} ** 2)",
                    lambda v: v(s) * v(x).square().mean(),
                    (s, x),
                    "mean",
                )
            )
        elif kind == 2:
            means = lambda v: (v(x) - v(x).mean()).square().mean()  # noqa: E731
            self.add(Node(name, "scalar", f"mean(({x} - mean({x})) ** 2)", means, (x,), "mean"))
        else:
            self.add(
                Node(
                    name,
                    "scalar",
                    f"mean(abs({x}) + 0.2 * {x})",
                    lambda v: (v(x).abs() + 0.2 * v(x)).mean(),
                    (x,),
                    "mean",
                )
            )

    def _gradient(self) -> None:
        of = self.one("number")
        ways = [self.game.nodes[one] for one in sorted(self.game.above(of, True) - {of})]
        by = [node for node in ways if node.kind in ("image", "vector")]
        if by:
            one, name = self.chance.choice(by), self.name()
            self.add(
                Node(
                    name,
                    one.kind,
                    f"{{op: gradient, of: {of}, by: {one.name}}}",
                    None,
                    (of, one.name),
                    "gradient",
                )
            )

    def _gradient_by_weights(self) -> None:
        """And its norm: nothing else reads weights."""
        of = self.one("number", "scalar")
        ways = [self.game.nodes[one] for one in sorted(self.game.above(of, True))]
        layers = [layer for node in ways for layer in node.layers]
        if not layers:
            return
        network, layer = self.chance.choice(layers)
        whole = self.chance.random() < 0.5
        by = f"weights({network})" if whole else f"weight({network}.{layer})"
        slope, name = self.name(), self.name()
        text = f"{{op: gradient, of: {of}, by: {by}}}"
        self.add(
            Node(slope, "weights", text, None, (of,), "by_weights", by=(network, "" if whole else layer))
        )
        means = lambda v: torch.linalg.vector_norm(v(slope))  # noqa: E731
        self.add(Node(name, "scalar", f"norm({slope})", means, (slope,), "mean"))

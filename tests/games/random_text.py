"""Random games as text, and beside each node what it means in plain torch: nothing of the compiler is asked.

Three small networks make images of latents, judge images and code them. A body grows by nodes of four kinds:
images [N, 1, 2, 2], vectors [N, 3], numbers [N] and scalars []. A logit is a vector's business: [N, 1].
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn.functional import softplus

Get = Callable[[str], Tensor]  # a node's value; of a judge's call `NAME.trunk` and `NAME.logit`

NETWORKS = """\
  maker:
    inputs: {z: "Latent[3]"}
    body: {dense: {op: linear, features: 4}, grid: {op: reshape, channels: 1, size: 2}, image: {op: tanh}}
  judge:
    inputs: {image: "Image[1, 2]"}
    body:
      flat: {op: flatten}
      dense: {op: linear, features: 3}
      trunk: {op: tanh}
      logit: {op: linear, features: 1}
    outputs: {logit: {of: logit, kind: Logits}, trunk: trunk}
  coder:
    inputs: {image: "Image[1, 2]"}
    body: {flat: {op: flatten}, dense: {op: linear, features: 3}, trunk: {op: softplus}}
"""
LAYERS = {"maker": ["dense"], "judge": ["dense", "logit"], "coder": ["dense"]}
WORK = ("draw", "item", "call", "gradient")  # what no state brings about


@dataclass
class Node:
    """A node of the body: its text, its meaning, what it reads."""

    name: str
    kind: str  # image, vector, logit, number, scalar
    text: str
    means: Callable[[Get], Tensor] | None = None
    reads: tuple[str, ...] = ()
    form: str = "expression"  # or draw, item, call, gradient, state, curve, stop
    layers: tuple[tuple[str, str], ...] = ()  # that it runs: network, layer


@dataclass
class Term:
    name: str
    node: str
    weight: float | str = 1.0  # a number, or a scalar node
    every: int = 1
    batch: int | None = None


@dataclass
class Player:
    name: str
    trains: list[str]
    terms: list[Term]
    steps: int = 1

    @property
    def networks(self) -> set[str]:
        return {name.partition(".")[0] for name in self.trains}

    def moves(self, network: str, layer: str) -> bool:
        """Whether it trains a layer: its network, or that part of it."""
        return network in self.trains or f"{network}.{layer}" in self.trains

    @property
    def intervals(self) -> list[int]:
        return sorted({term.every for term in self.terms if term.every > 1})


@dataclass
class State:
    name: str
    hears: str
    player: str
    every: int
    start: float


@dataclass
class Game:
    """All of it, in the test's own words."""

    nodes: dict[str, Node] = field(default_factory=dict)
    players: dict[str, Player] = field(default_factory=dict)
    order: list[list[str]] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    fresh: str = "phase"
    micro_batch: int | None = None

    def above(self, name: str, stopped: bool = False) -> set[str]:
        """All that a node rests on; `stopped`: what a derivative reaches."""
        found: set[str] = set()
        waiting = [name]
        while waiting:
            one = waiting.pop()
            if one not in found and not (stopped and self.nodes[one].form == "stop"):
                found.add(one)
                waiting.extend(self.nodes[one].reads)
        return found

    def text(self) -> str:
        """The spec."""
        bodies = []
        states = {state.name: state for state in self.states}
        for node in self.nodes.values():
            if node.name in states:
                state = states[node.name]
                moved = f"clip({node.name} + 0.5 * ({state.hears} - 0.1), -1, 1)"
                bodies.append(
                    f"    {node.name}: {{state: Scalar, start: {state.start}, every: {state.every} steps,"
                    f' in: {state.player}, next: "{moved}"}}\n'
                )
            elif node.text:
                bodies.append(f"    {node.name}: {node.text}\n")
        players = []
        for player in self.players.values():
            players.append(f"    {player.name}:\n      trains: [{', '.join(player.trains)}]\n")
            players.append(f"      steps: {player.steps}\n      terms:\n")
            for term in player.terms:
                more = f", batch: {term.batch}" if term.batch else ""
                more += f", every: {term.every} steps" if term.every > 1 else ""
                players.append(f"        {term.name}: {{value: {term.node}, weight: {term.weight}{more}}}\n")
        trained = {name for player in self.players.values() for name in player.networks}
        networks = NETWORKS
        for name in LAYERS:
            if name not in trained:
                networks = networks.replace(f"  {name}:\n", f"  {name}:\n    weights: {{random: true}}\n")
        order = ", ".join("[" + ", ".join(turn) + "]" if len(turn) > 1 else turn[0] for turn in self.order)
        micro = f"  micro_batch: {self.micro_batch}\n" if self.micro_batch else ""
        return (
            'gandsl: 1\nname: random\ndata: {image: "Image[1, 2]"}\nnetworks:\n'
            + networks
            + f"game:\n  fresh: {self.fresh}\n  order: [{order}]\n  body:\n"
            + "".join(bodies)
            + "  players:\n"
            + "".join(players)
            + f"training:\n  length: 1 kimg\n  batch: 8\n{micro}"
            + "  optimizer: {lr: 0.01, betas: [0.5, 0.9]}\n"
        )


def random_game(seed: int) -> Game:
    """A game by chance; what is wrong with it `check` says."""
    chance = random.Random(seed)
    while True:
        game = Game()
        grown = _Growing(chance, game)
        game.micro_batch = chance.choice([None, None, 4, 2])
        game.fresh = chance.choice(["phase", "phase", "step"])
        for _ in range(chance.randint(6, 16)):
            grown.grow()
        _people(chance, game, grown)
        if game.players:
            return game


def _people(chance: random.Random, game: Game, grown: _Growing) -> None:
    """Players with terms that depend on what they train, turns, and whom states hear."""
    scalars = [node.name for node in game.nodes.values() if node.kind == "scalar" and node.form == "mean"]
    nets = chance.sample([*LAYERS], chance.randint(2, 3))
    cuts = chance.randint(1, min(2, len(nets)))
    shares = [nets[:1], nets[1:]] if cuts == 2 else [nets]
    weights = [name for name in (*grown.states, *grown.curves)]
    for name, trains in zip(("one", "two"), shares, strict=False):
        parts = chance.choice([["judge"], ["judge"], ["judge.dense"], ["judge.logit"]])
        trains = [part for net in trains for part in (parts if net == "judge" else [net])]
        player = Player(name, trains, [], chance.choice([1, 1, 2]))
        fitting = [
            node
            for node in scalars
            if any(player.moves(*layer) for one in game.above(node, True) for layer in game.nodes[one].layers)
        ]
        if not fitting:
            continue
        terms = [
            Term(
                f"t{index}",
                chance.choice(fitting),
                chance.choice([1.0, 0.5, *weights]),
                chance.choice([1, 1, 2, 3]) if index else 1,
                chance.choice([None, None, 4]),
            )
            for index in range(chance.randint(1, 3))
        ]
        player.terms = terms
        game.players[name] = player
    together = len(game.players) == 2 and chance.random() < 0.4
    game.order = [[*game.players]] if together else [[name] for name in game.players]
    if together:
        for player in game.players.values():
            player.steps = 1
    for name in grown.states if game.players else ():
        hears = chance.choice([node for node in scalars if name not in game.above(node)] or scalars)
        player = chance.choice([*game.players])
        game.states.append(State(name, hears, player, chance.choice([1, 1, 2]), chance.choice([0.0, 0.3])))


@dataclass
class _Growing:
    chance: random.Random
    game: Game
    states: list[str] = field(default_factory=list)
    curves: list[str] = field(default_factory=list)
    count: int = 0

    def __post_init__(self) -> None:
        self.add(Node("image", "image", "", None, (), "item"))
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
        self._call("judge", "image")

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
            self._some_call,
        ]
        self.chance.choice(made)()

    def _some_call(self) -> None:
        network = self.chance.choice([*LAYERS])
        self._call(network, "z" if network == "maker" else self.one("image"))

    def _call(self, network: str, given: str) -> None:
        name = self.name()
        if network == "judge":
            text = f"{{network: judge, image: {given}}}"
            self.add(Node(name, "call", text, None, (), "call"))
            code, logit = f"{name}.trunk", f"{name}.logit"
            self.add(Node(code, "vector", "", None, (given,), "call", (("judge", "dense"),)))
            self.add(Node(logit, "logit", "", None, (code,), "call", (("judge", "logit"),)))
            return
        port, kind = ("z", "image") if network == "maker" else ("image", "vector")
        text = f"{{network: {network}, {port}: {given}}}"
        self.add(Node(name, kind, text, None, (given,), "call", ((network, "dense"),)))

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

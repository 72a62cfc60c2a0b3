"""Random games as text, and beside each node what it means in plain torch: nothing of the compiler is asked.

Three small networks make images of latents, judge images and code them. A body grows by nodes of four kinds:
images [N, 1, 2, 2], vectors [N, 3], numbers [N] and scalars []. A logit is a vector's business: [N, 1].
Where the networks grow, images are of the size of a level; `image` is then an item of the data, of full size,
and `item` what a level sees of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from torch import Tensor

from tests.games.random_levels import BLOCKS, GROWING, SMALLEST, Levels, Now

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
BATCH, LENGTH, LR, BETAS = 8, 80, 0.01, (0.5, 0.9)  # samples a step, images in all
WORK = ("draw", "item", "call", "gradient", "by_weights", "replay")  # what no state brings about


@dataclass
class Node:
    """A node of the body: its text, its meaning, what it reads."""

    name: str
    kind: str  # image, vector, logit, number, scalar
    text: str
    means: Callable[[Get], Tensor] | None = None
    reads: tuple[str, ...] = ()
    form: str = "expression"  # or draw, item, call, gradient, state, curve, stop
    runs: tuple[str, str] | None = None  # of a call: network, layer
    average: bool = False  # with the average of its weights
    by: tuple[str, str] | None = None  # of a gradient by weights: network, and layer or "" for all of it
    drawn: tuple[str, tuple[float, ...]] | None = None  # distribution and its numbers
    size: int = 0  # of the pool that it replays

    @property
    def layers(self) -> tuple[tuple[str, str], ...]:
        """Whose weights a player may move by it."""
        return (self.runs,) if self.runs and not self.average else ()


@dataclass
class Span:
    """When something is there: moments as they are written, in steps, images or as a share of the length."""

    start: str = ""
    until: str = ""

    @property
    def text(self) -> str:
        return "".join(
            f", {name}: {moment}" for name, moment in (("from", self.start), ("until", self.until)) if moment
        )

    def there(self, now: Now) -> bool:
        return not (self.start and not reached(self.start, now)) and not (
            self.until and reached(self.until, now)
        )


def reached(moment: str, now: Now) -> bool:
    number, _, unit = moment.partition(" ")
    return (now.step if unit == "steps" else now.shown) >= float(number) * (1 if unit else LENGTH)


@dataclass
class Term:
    name: str
    node: str
    weight: float | str = 1.0  # a number, or a scalar node
    every: int = 1
    batch: int | None = None
    span: Span = field(default_factory=Span)


@dataclass
class Player:
    name: str
    trains: list[str]
    terms: list[Term]
    steps: int = 1
    span: Span = field(default_factory=Span)
    adam: tuple[float, float, float] | None = None  # of its own: lr, β1, β2

    @property
    def networks(self) -> set[str]:
        return {name.partition(".")[0] for name in self.trains}

    def moves(self, network: str, layer: str) -> bool:
        """Whether it trains a layer: its network, or that part of it."""
        return network in self.trains or f"{network}.{layer}" in self.trains

    def intervals(self, now: Now) -> list[int]:
        """Of the lazy phases that there are now."""
        return sorted({term.every for term in self.terms if term.every > 1 and term.span.there(now)})


@dataclass
class State:
    name: str
    hears: str
    player: str
    every: int  # in steps; 0: with each micro-batch
    start: float

    def next(self, now: Tensor, mean: Tensor) -> Tensor:
        """Where it moves to."""
        return (now + 0.5 * (mean - 0.1)).clamp(-1, 1)


@dataclass
class Game:
    """All of it, in the test's own words."""

    nodes: dict[str, Node] = field(default_factory=dict)
    players: dict[str, Player] = field(default_factory=dict)
    order: list[list[str]] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    fresh: str = "phase"
    micro_batch: int | None = None
    averages: dict[str, str] = field(default_factory=dict)  # network → how it is averaged, as written
    levels: Levels | None = None  # where the networks grow

    @property
    def size(self) -> int:
        """Of the images of the data."""
        return self.levels.sizes[-1] if self.levels else SMALLEST

    def above(self, name: str, stopped: bool = False) -> set[str]:
        """All that a node rests on; `stopped`: what a derivative reaches."""
        found: set[str] = set()
        waiting = [name]
        while waiting:
            one = waiting.pop()
            if one not in found and not (stopped and self.nodes[one].form in ("stop", "replay")):
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
                every = f"{state.every} steps" if state.every else "micro_batch"
                bodies.append(
                    f"    {node.name}: {{state: Scalar, start: {state.start}, every: {every},"
                    f' in: {state.player}, next: "{moved}"}}\n'
                )
            elif node.text:
                bodies.append(f"    {node.name}: {node.text}\n")
        players = []
        for player in self.players.values():
            players.append(f"    {player.name}:\n      trains: [{', '.join(player.trains)}]\n")
            players.append("".join(f"      {one}\n" for one in player.span.text.split(", ") if one))
            if player.adam:
                lr, *betas = player.adam
                players.append(f"      optimizer: {{lr: {lr}, betas: {betas}}}\n")
            players.append(f"      steps: {player.steps}\n      terms:\n")
            for term in player.terms:
                more = f", batch: {term.batch}" if term.batch else ""
                more += f", every: {term.every} steps" if term.every > 1 else ""
                more += term.span.text
                players.append(f"        {term.name}: {{value: {term.node}, weight: {term.weight}{more}}}\n")
        trained = {name for player in self.players.values() for name in player.networks}
        networks = GROWING if self.levels else NETWORKS
        growing, growth = ("", "")
        if self.levels:
            growing = (
                f'let: {{sizes: "doubling({SMALLEST}, {self.size})"}}\ngrowth: {{over: sizes}}\n{BLOCKS}'
            )
            growth = self.levels.text
        for name in LAYERS:
            if name not in trained:
                networks = networks.replace(f"  {name}:\n", f"  {name}:\n    weights: {{random: true}}\n")
        order = ", ".join("[" + ", ".join(turn) + "]" if len(turn) > 1 else turn[0] for turn in self.order)
        micro = f"  micro_batch: {self.micro_batch}\n" if self.micro_batch else ""
        return (
            f'gandsl: 1\nname: random\n{growing}data: {{image: "Image[1, {self.size}]"}}\nnetworks:\n'
            + networks
            + f"game:\n  fresh: {self.fresh}\n  order: [{order}]\n  body:\n"
            + "".join(bodies)
            + "  players:\n"
            + "".join(players)
            + f"training:\n  length: {LENGTH} img\n  batch: {BATCH}\n{micro}{growth}"
            + f"  averages: {{{', '.join(f'{name}: {how}' for name, how in self.averages.items())}}}\n"
            + f"  optimizer: {{lr: {LR}, betas: {list(BETAS)}}}\n"
        )

"""Plays a random game in plain torch, by the rules of docs/game.md: of the project it uses draws alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn.functional import linear, softplus
from torch.optim import Adam

from gandsl_runtime.rng import Draws, Key, Part
from tests.games.plain_draws import drawn
from tests.games.plain_pools import Pools
from tests.games.random_levels import (
    BEGIN,
    SMALLEST,
    Now,
    Stage,
    down,
    grown_layers,
    item,
    judged_image,
    made_image,
)
from tests.games.random_text import BATCH, BETAS, LR, WORK, Game, Node, Player, Term

Weights = dict[str, dict[str, Tensor]]  # network → name → tensor


@dataclass
class PlainPlayer:
    """Takes steps of a game. `items`: all images [n, 1, size, size] in the order in which they are taken."""

    game: Game
    weights: Weights
    items: Tensor
    seed: int
    now: Now = BEGIN
    stage: Stage | None = None
    taken: int = 0
    states: dict[str, Tensor] = field(default_factory=dict)
    heard: dict[str, list[tuple[float, int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.states = {s.name: torch.tensor(s.start, dtype=torch.float64) for s in self.game.states}
        self.heard = {s.name: [] for s in self.game.states}
        self.pools = Pools({node.name: node.size for node in self.game.nodes.values() if node.size})
        self.averages = {
            name: {key: tensor.detach().clone() for key, tensor in self.weights[name].items()}
            for name in self.game.averages
        }
        self.optimizers: dict[tuple[str, str], Adam] = {}
        for owner in dict.fromkeys(one for player in self.game.players.values() for one in owners(player)):
            mine = [
                tensor
                for key, tensor in self.weights[owner[0]].items()
                if any(
                    owner in owners(p) and p.moves(owner[0], layer_of(key))
                    for p in self.game.players.values()
                )
            ]
            self.optimizers[owner] = Adam(mine, eps=1e-8)

    def take_step(self) -> None:
        """Every turn: the main phase of its players, then the lazy ones of each; then what follows."""
        self.enter_stage()
        self.set_optimizers()
        seen: dict[str, Tensor] = {}
        for turn in self.game.order:
            players = [self.game.players[name] for name in turn]
            players = [player for player in players if player.span.there(self.now)]
            for repeat in range(players[0].steps if players else 0):
                self.phase(players, 1, repeat, seen)
            for player in players:
                for every in player.intervals(self.now):
                    if self.now.step % every == 0:
                        self.phase([player], every, 0, seen)
        self.move_states()
        self.move_averages()
        self.pools.keep()
        self.now = Now(self.now.step + 1, self.now.shown + self.batch)

    def enter_stage(self) -> None:
        """The level that trains, its batch, and moments forgotten where a fade begins or ends."""
        levels, before = self.game.levels, self.stage
        self.stage = levels.at(self.now.shown) if levels else Stage()
        self.batch = levels.batches.get(self.size, BATCH) if levels else BATCH
        changed = before and (before.level, before.fading) != (self.stage.level, self.stage.fading)
        if levels and levels.resets and changed:
            for optimizer in self.optimizers.values():
                optimizer.state.clear()

    @property
    def sizes(self) -> list[int]:
        return self.game.levels.sizes if self.game.levels else [SMALLEST]

    @property
    def size(self) -> int:
        """Of images at this level."""
        assert self.stage
        return self.sizes[self.stage.level]

    def set_optimizers(self) -> None:
        """lr · r and β^r: of the optimizer steps that there are now, the share of main ones."""
        for owner, optimizer in self.optimizers.items():
            players = [p for p in self.game.players.values() if owner in owners(p) and p.span.there(self.now)]
            main = sum(p.steps for p in players)
            lazy = sum(1 / every for p in players for every in p.intervals(self.now))
            lr, *betas = next((p.adam for p in players if p.adam and p.name == owner[1]), (LR, *BETAS))
            lr = self.game.levels.rates.get(self.size, lr) if self.game.levels else lr
            r = main / (main + lazy) if players else 1.0
            optimizer.param_groups[0].update(lr=lr * r, betas=tuple(beta**r for beta in betas))

    def movers(self, owner: tuple[str, str]) -> list[Player]:
        return [player for player in self.game.players.values() if owner in owners(player)]

    def move_averages(self) -> None:
        shown = self.now.shown
        for name, how in self.game.averages.items():
            beta = {
                "{decay: 0.75}": 0.75,
                "{half_life: 20 img}": 0.5 ** (self.batch / 20),
                "{power: 2}": (shown / (shown + self.batch)) ** 3,
            }[how]
            for key, average in self.averages[name].items():
                average.copy_(beta * average + (1 - beta) * self.weights[name][key].detach())

    def phase(self, players: Sequence[Player], every: int, repeat: int, seen: dict[str, Tensor]) -> None:
        """One optimizer step: terms of one batch share what they compute."""
        passes: dict[int | None, list[tuple[Player, Term]]] = {}
        for player in players:
            for term in player.terms:
                if term.every == every and term.span.there(self.now):
                    passes.setdefault(term.batch, []).append((player, term))
        if not passes:
            return
        name = "+".join(p.name for p in players) + (f"/{every}" if every > 1 else "")
        ends = {
            node
            for ones in passes.values()
            for _, t in ones
            for node in (t.node, t.weight)
            if isinstance(node, str)
        }
        reads = any("image" in self.game.above(end) for end in ends)
        images = self.items_of(players, every, seen) if reads else None
        for network, weights in self.weights.items():
            for key, tensor in weights.items():
                moved = any(player.moves(network, layer_of(key)) for player in players)
                tensor.requires_grad_(moved or self.by(network, key, tensor))
                tensor.grad = None
        used: set[tuple[str, str]] = set()
        for batch, terms in passes.items():
            fresh = self.game.fresh == "step"
            key = Key(
                self.seed,
                self.now.step,
                "" if fresh else name,
                0 if fresh else repeat,
                0,
                None if fresh else batch,
            )
            self.one_pass(players, every, min(batch or BATCH, self.batch), terms, images, key, used)
        for player in players:
            for network, layer in used:
                for kind in ("weight", "bias") if player.moves(network, layer) else ():
                    tensor = self.weights[network][f"{layer}.{kind}"]
                    if tensor.grad is None:
                        tensor.grad = torch.zeros_like(tensor)
        for owner in {one for player in players for one in owners(player)}:
            self.optimizers[owner].step()

    def running(self, network: str, layer: str) -> list[tuple[str, str]]:
        """The layers that a call runs: those that have grown, where it is the whole network."""
        grown = self.game.levels and self.stage and layer == "dense"
        more = grown_layers(network, self.sizes, self.stage) if grown and self.stage else []
        return [(network, one) for one in (layer, *more)]

    def by(self, network: str, key: str, tensor: Tensor) -> bool:
        """Whether the game differentiates by a weight."""
        bys = [node.by for node in self.game.nodes.values() if node.by]
        return tensor.ndim > 1 and any(of == network and layer in ("", layer_of(key)) for of, layer in bys)

    def items_of(self, players: Sequence[Player], every: int, seen: dict[str, Tensor]) -> Tensor:
        """The next items, or those that were seen last."""
        names = [""] if self.game.fresh == "step" else [player.name for player in players]
        if (self.game.fresh == "step" or every > 1) and names[0] in seen:
            return seen[names[0]]
        images = self.items[self.taken : self.taken + self.batch]
        self.taken += self.batch
        seen.update(dict.fromkeys(names, images))
        return images

    def one_pass(
        self,
        players: Sequence[Player],
        every: int,
        batch: int,
        terms: Sequence[tuple[Player, Term]],
        images: Tensor | None,
        key: Key,
        used: set[tuple[str, str]],
    ) -> None:
        """The gradients of a pass, micro-batch by micro-batch, each by its share."""
        shown = self.pools.begin(key, batch)
        turns = -(-batch // min(self.game.micro_batch or batch, batch))
        for turn in range(turns):
            part = Part(turn, turns, batch)
            draws = Draws(torch.device("cpu"), torch.float64, part, key)
            mine = None if images is None else images[turn::turns][: part.count]
            body = Body(self, draws, mine)
            losses: dict[str, Tensor] = {}
            for player, term in terms:
                value = body(term.node) * (body(term.weight) if isinstance(term.weight, str) else term.weight)
                losses[player.name] = losses.get(player.name, torch.zeros(())) + value
            used |= body.layers
            shown.update(body.replayed)
            share = every * part.count / part.total
            for player in players:
                if player.name in losses:
                    self.add_gradients(player, losses[player.name] * share)
            self.listen(players, body, part.count)

    def add_gradients(self, player: Player, loss: Tensor) -> None:
        weights = [
            tensor
            for network, of in self.weights.items()
            for key, tensor in of.items()
            if player.moves(network, layer_of(key))
        ]
        if not loss.requires_grad:
            return
        for tensor, slope in zip(
            weights, torch.autograd.grad(loss, weights, retain_graph=True, allow_unused=True), strict=True
        ):
            if slope is not None:
                tensor.grad = slope if tensor.grad is None else tensor.grad + slope

    def listen(self, players: Sequence[Player], body: Body, count: int) -> None:
        """States hear what the pass has computed all the work of; some move at once."""
        moved = {}
        for state in self.game.states:
            if state.player in [player.name for player in players]:
                work = {n for n in self.game.above(state.hears) if self.game.nodes[n].form in WORK}
                if work <= body.done:
                    value = body(state.hears).detach()
                    self.heard[state.name].append((float(value), count))
                    if not state.every:
                        moved[state.name] = state.next(self.states[state.name], value)
        self.states |= moved

    def move_states(self) -> None:
        moved = {}
        for state in self.game.states:
            if state.every and (self.now.step + 1) % state.every == 0 and self.heard[state.name]:
                heard = self.heard[state.name]
                mean = sum(value * count for value, count in heard) / sum(count for _, count in heard)
                moved[state.name] = state.next(
                    self.states[state.name], torch.tensor(mean, dtype=torch.float64)
                )
                self.heard[state.name] = []
        self.states |= moved


def owners(player: Player) -> list[tuple[str, str]]:
    """Whose moments a player moves: of each network, its own if it has an optimizer."""
    return [(network, player.name if player.adam else "") for network in sorted(player.networks)]


def layer_of(key: str) -> str:
    """`dense` of `dense.weight`."""
    return key.rpartition(".")[0]


@dataclass
class Body:
    """The values of a pass for one micro-batch, each computed once, when it is first asked for."""

    of: PlainPlayer
    draws: Draws
    images: Tensor | None
    values: dict[str, Tensor] = field(default_factory=dict)
    layers: set[tuple[str, str]] = field(default_factory=set)
    replayed: dict[tuple[str, int], Tensor] = field(default_factory=dict)  # pool and place → what was made

    def __post_init__(self) -> None:
        nodes = self.of.game.nodes.values()
        self.bys = {node.reads[1] for node in nodes if node.form == "gradient"}
        self.done: set[str] = set()

    def __call__(self, name: str) -> Tensor:
        if name not in self.values:
            node = self.of.game.nodes[name]
            for (
                one
            ) in self.of.game.nodes:  # in the order of the body, so that a `by` stands before its readers
                if one in node.reads:
                    self(one)
            value = self.value(node)
            if name in self.bys and not value.requires_grad:
                value = value.detach().requires_grad_()
            self.values[name] = value
            self.done.add(name)
            self.layers |= {one for layer in node.layers for one in self.of.running(*layer)}
        return self.values[name]

    def value(self, node: Node) -> Tensor:
        if node.form in FORMS:
            return FORMS[node.form](self, node)
        if node.form == "call":
            assert node.runs is not None
            network, layer = node.runs
            weights = (self.of.averages if node.average else self.of.weights)[network]
            return self.called(weights, network, layer, self(node.reads[0]))
        assert node.means is not None
        return node.means(self)

    def called(self, weights: dict[str, Tensor], network: str, layer: str, x: Tensor) -> Tensor:
        """What a network makes of x; of a judge the trunk, or the logit of that."""
        of, now = self.of, self.of.stage
        assert now is not None
        if of.game.levels and (network, layer) == ("maker", "dense"):
            return made_image(weights, x, of.sizes, now)
        if of.game.levels and (network, layer) == ("judge", "dense"):
            x = judged_image(weights, x, of.sizes, now)
        if network == "coder":
            x = down(x, SMALLEST)
        return MEANS[network, layer](
            linear(x.flatten(1), weights[f"{layer}.weight"], weights[f"{layer}.bias"])
        )


def _gradient(body: Body, node: Node) -> Tensor:
    of, by = map(body, node.reads)
    if not of.requires_grad:
        return torch.zeros_like(by)
    (found,) = torch.autograd.grad(of.sum(), by, create_graph=True, allow_unused=True)
    return torch.zeros_like(by) if found is None else found


def _by_weights(body: Body, node: Node) -> Tensor:
    """All numbers, one after the other."""
    assert node.by is not None
    of, (network, layer) = body(node.reads[0]), node.by
    weights = [
        tensor
        for key, tensor in body.of.weights[network].items()
        if tensor.ndim > 1 and layer in ("", layer_of(key))
    ]
    if not of.requires_grad:
        return torch.zeros(sum(one.numel() for one in weights), dtype=of.dtype)
    found = torch.autograd.grad(of.sum(), weights, create_graph=True, materialize_grads=True)
    return torch.cat([one.flatten() for one in found])


def _drawn(body: Body, node: Node) -> Tensor:
    if node.drawn:
        return drawn(body.draws, node.name, *node.drawn, () if node.kind == "number" else (3,))
    if node.kind == "vector":
        return body.draws.normal(node.name, 3)
    if node.kind == "number":
        return body.draws.uniform(node.name)
    return body.draws.uniform(node.name, per="batch")[0]


def _image(body: Body, node: Node) -> Tensor:
    assert body.images is not None
    return body.images


def _of_level(body: Body, node: Node) -> Tensor:
    assert body.of.stage
    return item(body(node.reads[0]), body.of.size, body.of.stage)


def _replayed(body: Body, node: Node) -> Tensor:
    made, part = body(node.reads[0]).detach(), body.draws.part
    body.replayed |= {(node.name, place): row for place, row in zip(part.places, made, strict=True)}
    return body.of.pools.shown(node.name, made, body.draws)


FORMS: dict[str, Callable[[Body, Node], Tensor]] = {
    "item": _image,
    "level": _of_level,
    "draw": _drawn,
    "state": lambda body, node: body.of.states[node.name],
    "curve": lambda body, node: torch.tensor(1 - min(body.of.now.step / 4, 1), dtype=torch.float64),
    "gradient": _gradient,
    "by_weights": _by_weights,
    "replay": _replayed,
}
MEANS: dict[tuple[str, str], Callable[[Tensor], Tensor]] = {
    ("maker", "dense"): lambda x: torch.tanh(x.view(-1, 1, 2, 2)),
    ("judge", "dense"): torch.tanh,
    ("judge", "logit"): lambda x: x,
    ("coder", "dense"): softplus,
}

"""Random games: a body, then who minimizes what of it, and when."""

from __future__ import annotations

import random

from tests.games.random_body import Growing
from tests.games.random_levels import some_levels
from tests.games.random_text import BATCH, LAYERS, LENGTH, Game, Player, Span, State, Term

STEPS = 4  # by then all has begun, and ended


def random_game(seed: int, grows: bool = False) -> Game:
    """A game by chance; what is wrong with it `check` says. `grows`: over networks with levels."""
    chance = random.Random(seed)
    while True:
        game = Game(levels=some_levels(random.Random(f"levels {seed}"), BATCH) if grows else None)
        grown = Growing(chance, game)
        game.micro_batch = chance.choice([None, None, 4, 2])
        game.fresh = chance.choice(["phase", "phase", "step"])
        for _ in range(chance.randint(6, 16)):
            grown.grow()
        _people(chance, game, grown)
        if game.players:
            return game


def _people(chance: random.Random, game: Game, grown: Growing) -> None:
    """Players with terms that depend on what they train, turns, and whom states hear."""
    for name, trains in zip(("one", "two"), _shares(chance), strict=False):
        player = Player(name, trains, [], chance.choice([1, 1, 2]), _span(chance))
        player.terms = _terms(chance, game, grown, player)
        player.adam = chance.choice([None, None, (0.02, 0.3, 0.8)])
        if player.terms:
            game.players[name] = player
    game.order = [[name] for name in game.players]
    if len(game.players) == 2 and chance.random() < 0.5:
        one, two = game.players.values()
        if not any(one.moves(*layer) and two.moves(*layer) for layer in _layers()):
            game.order = [["one", "two"]]
            one.steps = two.steps = 1
    for name in grown.states if game.players else ():
        hears = chance.choice(
            [node for node in _scalars(game) if name not in game.above(node)] or _scalars(game)
        )
        player = chance.choice([*game.players])
        every, start = chance.choice([0, 1, 1, 2]), chance.choice([0.0, 0.3])
        game.states.append(State(name, hears, player, every, start))


def _shares(chance: random.Random) -> list[list[str]]:
    """What players train: networks of their own, the same ones, or parts of one."""
    nets = chance.sample([*LAYERS], chance.randint(2, 3))
    kind = chance.randrange(4)
    if kind == 0:
        return [nets]
    if kind == 1:
        return [nets[:2], nets[1:]]
    shares = [nets[:1], nets[1:]]
    one, two = chance.sample(["judge.dense", "judge.logit"], 2)
    if kind == 2:
        first, second = ([name for name in share if name != "judge"] for share in shares)
        return [[*first, one], [*second, two]]
    part = chance.choice(["judge", one])
    return [[part if name == "judge" else name for name in share] for share in shares]


def _terms(chance: random.Random, game: Game, grown: Growing, player: Player) -> list[Term]:
    fitting = [
        node
        for node in _scalars(game)
        if any(player.moves(*layer) for one in game.above(node, True) for layer in game.nodes[one].layers)
    ]
    weights = [*grown.states, *grown.curves]
    return [
        Term(
            f"t{index}",
            chance.choice(fitting),
            chance.choice([1.0, 0.5, *weights]),
            chance.choice([1, 1, 2, 3]) if index else 1,
            chance.choice([None, None, 4]),
            _span(chance),
        )
        for index in range(chance.randint(1, 3) if fitting else 0)
    ]


def _span(chance: random.Random) -> Span:
    """Mostly always; else from a step on, until one, or both, in one of three units."""
    if chance.random() < 0.7:
        return Span()
    start, until = sorted(chance.sample(range(1, STEPS), 2))

    def written(step: int) -> str:
        return chance.choice([f"{step} steps", f"{step * BATCH} img", f"{step * BATCH / LENGTH}"])

    return chance.choice(
        [Span(written(start)), Span(until=written(until)), Span(written(start), written(until))]
    )


def _scalars(game: Game) -> list[str]:
    return [node.name for node in game.nodes.values() if node.kind == "scalar" and node.form == "mean"]


def _layers() -> list[tuple[str, str]]:
    return [(network, layer) for network, layers in LAYERS.items() for layer in layers]

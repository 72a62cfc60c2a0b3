"""Random changes of the random games, each with whose it is: a term's, a node's, a player's, or nobody's."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.games.random_game import random_game
from tests.games.random_text import Game, Span, Term


@dataclass(frozen=True)
class Changed:
    """Two texts, and what the difference has to name; `what` is None where they are the same game."""

    old: str
    new: str
    players: frozenset[str] = frozenset()
    what: str | None = None
    path: str = ""


def changed_game(seed: int) -> Changed:
    """A random game, and the same with one change."""
    chance = random.Random(f"change {seed}")
    game = random_game(seed)
    while True:
        other = copy.deepcopy(game)
        made = chance.choice(CHANGES)(chance, other)
        if made is not None:
            players, what, path, rewrite = made
            return Changed(game.text(), rewrite(other.text()), frozenset(players), what, path)


Made = tuple[set[str], str | None, str, Callable[[str], str]] | None


def _as_it_is(text: str) -> str:
    return text


def _some_term(chance: random.Random, game: Game) -> tuple[str, Term]:
    player = chance.choice([*game.players.values()])
    return player.name, chance.choice(player.terms)


def _weight(chance: random.Random, game: Game) -> Made:
    player, term = _some_term(chance, game)
    term.weight = 0.25 if term.weight != 0.25 else 0.75
    return {player}, term.name, "weight", _as_it_is


def _every(chance: random.Random, game: Game) -> Made:
    player, term = _some_term(chance, game)
    term.every += 1
    return {player}, term.name, "every", _as_it_is


def _batch(chance: random.Random, game: Game) -> Made:
    player, term = _some_term(chance, game)
    term.batch = 2 if term.batch is None else None
    return {player}, term.name, "batch", _as_it_is


def _value(chance: random.Random, game: Game) -> Made:
    player, term = _some_term(chance, game)
    others = [one.node for one in game.players[player].terms if one.node != term.node]
    if not others:
        return None
    term.node = chance.choice(others)
    return {player}, term.name, "value", _as_it_is


def _term_gone(chance: random.Random, game: Game) -> Made:
    player, term = _some_term(chance, game)
    if len(game.players[player].terms) == 1:
        return None
    game.players[player].terms.remove(term)
    return {player}, term.name, "", _as_it_is


def _term_come(chance: random.Random, game: Game) -> Made:
    player, term = _some_term(chance, game)
    game.players[player].terms.append(replace(term, name="more"))
    return {player}, "more", "", _as_it_is


def _order_of_terms(chance: random.Random, game: Game) -> Made:
    player, _ = _some_term(chance, game)
    if len(game.players[player].terms) == 1:
        return None
    game.players[player].terms.reverse()
    return {player}, "", "order of terms", _as_it_is


def _steps(chance: random.Random, game: Game) -> Made:
    player, _ = _some_term(chance, game)
    if len(game.order) < len(game.players):
        return None
    game.players[player].steps += 1
    return {player}, "", "steps", _as_it_is


def _fresh(chance: random.Random, game: Game) -> Made:
    game.fresh = "step" if game.fresh == "phase" else "phase"
    return set(), "", "fresh", _as_it_is


def _order(chance: random.Random, game: Game) -> Made:
    if len(game.order) == 1:
        return None
    game.order.reverse()
    return set(), "", "order", _as_it_is


def _start(chance: random.Random, game: Game) -> Made:
    if not game.states:
        return None
    state = chance.choice(game.states)
    state.start += 0.5
    return _readers(game, state.name), state.name, "start", _as_it_is


def _pace(chance: random.Random, game: Game) -> Made:
    if not game.states:
        return None
    state = chance.choice(game.states)
    state.every += 1
    return _readers(game, state.name), state.name, "every", _as_it_is


def _number(chance: random.Random, game: Game) -> Made:
    nodes = [node for node in game.nodes.values() if re.search(r"0\.\d", node.text)]
    if not nodes:
        return None
    node = chance.choice(nodes)
    named = re.search(r"^[^.]*\b(\w+): 0\.\d", node.text)  # of a draw or an op; an expression is one value
    node.text = re.sub(r"0\.\d", "0.77", node.text, count=1)
    return _readers(game, node.name), node.name, named[1] if named else "value", _as_it_is


def _draw(chance: random.Random, game: Game) -> Made:
    node = game.nodes[chance.choice(["u", "coin"])]
    node.text = node.text.replace("uniform", "normal")
    return _readers(game, node.name), node.name, "distribution", _as_it_is


def _rate(chance: random.Random, game: Game) -> Made:
    """Of the networks; a player with an optimizer of its own does not use it."""
    players = {player.name for player in game.players.values() if player.adam is None}
    rate = "\n  optimizer: {lr: 0.01,"
    return players, "optimizer" if players else None, "lr", lambda text: text.replace(rate, rate[:-3] + "2,")


def _own_rate(chance: random.Random, game: Game) -> Made:
    player, _ = _some_term(chance, game)
    adam = game.players[player].adam
    if adam is None:
        return None
    game.players[player].adam = (0.5, *adam[1:])
    return {player}, "optimizer", "lr", _as_it_is


def _term_from(chance: random.Random, game: Game) -> Made:
    player, term = _some_term(chance, game)
    if term.span.start:
        return None
    term.span = Span("1 steps", term.span.until)
    return {player}, term.name, "from", _as_it_is


def _player_until(chance: random.Random, game: Game) -> Made:
    player, _ = _some_term(chance, game)
    span = game.players[player].span
    game.players[player].span = Span(span.start, "" if span.until else "72 img")
    return {player}, "", "until", _as_it_is


def _average(chance: random.Random, game: Game) -> Made:
    if not game.averages:
        return None
    network = chance.choice([*game.averages])
    game.averages[network] = "{decay: 0.77}"
    players = {player.name for player in game.players.values() if network in player.networks}
    return players, f"average of {network}", "decay", _as_it_is


def _same(chance: random.Random, game: Game) -> Made:
    """The same game in other words."""

    def rewrite(text: str) -> str:
        text = text.replace("weight: 1.0", "weight: 2 / 2").replace("batch: 4}", "batch: batch // 2}")
        return text.replace("  steps: 1\n", "").replace("0.5 *", "1 / 2 *").replace("start: 0.0", "start: 0")

    return set(), None, "", rewrite


def _readers(game: Game, name: str) -> set[str]:
    """The players whose terms depend on a node, now or through a state."""

    def above(node: str) -> set[str]:
        found, waiting = set[str](), [node]
        while waiting:
            one = waiting.pop()
            if one not in found:
                found |= (new := game.above(one) - found)
                waiting += [state.hears for state in game.states if state.name in new]
        return found

    return {
        player.name
        for player in game.players.values()
        for term in player.terms
        for node in (term.node, term.weight)
        if isinstance(node, str) and name in above(node)
    }


CHANGES: list[Callable[[random.Random, Game], Made]] = [
    _weight,
    _every,
    _batch,
    _value,
    _term_gone,
    _term_come,
    _order_of_terms,
    _steps,
    _fresh,
    _order,
    _start,
    _pace,
    _number,
    _draw,
    _rate,
    _own_rate,
    _term_from,
    _player_until,
    _average,
    _same,
    _same,
]

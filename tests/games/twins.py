"""A random game in which some nodes are written twice, and read now here, now there."""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from itertools import groupby

from tests.games.random_text import Game, Node

FORMS = frozenset({"expression", "mean", "stop", "call", "gradient", "by_weights", "draw"})


def with_twins(game: Game, chance: random.Random) -> tuple[Game, dict[str, str]]:
    """The game with twins of some nodes, and these by what they are twins of.

    Who read a node reads its twin now, or what is made of both, or what it read before.
    """
    nodes: dict[str, Node] = {}
    twins: dict[str, str] = {}
    both: dict[str, str] = {}

    def some() -> dict[str, str]:
        named = {one: chance.choice([one, twin, both.get(one, twin)]) for one, twin in twins.items()}
        return {one: other for one, other in named.items() if one != other}

    for name, group in groupby(game.nodes.values(), key=lambda node: head(node.name)):
        members = list(group)
        known = some()
        for node in members:
            nodes[node.name] = _reading(node, known)
        if members[0].form in FORMS and chance.random() < (0.7 if apart(game, name) else 0.5):
            twins[name] = f"{name}b"
            for node in members:
                twin = _reading(node, {**known, name: twins[name]})
                nodes[_twin(node.name, twins)] = replace(twin, name=_twin(node.name, twins))
            if (
                members[0].kind in ("image", "vector", "number", "scalar") and name != "z"
            ):  # a latent is no sum
                made = _of_both(members[0], name, twins[name])
                both[name] = made.name
                nodes[made.name] = made
    sizes = [_size_of(nodes, both[name]) for name in both if apart(game, name)] or [""]
    players = {
        player.name: replace(
            player,
            terms=[
                replace(term, node=_twin(term.node, some()), weight=chance.choice(sizes) or term.weight)
                for term in player.terms
            ],
        )
        for player in game.players.values()
    }
    return replace(game, nodes=nodes, players=players), twins


def _of_both(like: Node, one: str, twin: str) -> Node:
    text = f"0.7 * {one} + 0.4 * {twin}"
    return Node(f"{one}c", like.kind, text, lambda v: 0.7 * v(one) + 0.4 * v(twin), (one, twin))


def _size_of(nodes: dict[str, Node], name: str) -> str:
    """A Scalar of a node, for the weight of a term."""
    if nodes[name].kind == "scalar":
        return name
    size = f"{name}s"
    nodes[size] = Node(size, "scalar", f"mean({name} ** 2)", lambda v: v(name).square().mean(), (name,))
    return size


def apart(game: Game, name: str, of: Collection[str] | None = None) -> bool:
    """Whether a node and its twin are two in a pass of some nodes: it draws, or a gradient is by it."""
    gradients = (node for node in game.nodes.values() if node.form == "gradient")
    by = {head(node.reads[1]) for node in gradients if of is None or node.name in of}
    return name in by or game.nodes[name].form == "draw"


def alike(game: Game, twins: Mapping[str, str], name: str, of: Collection[str]) -> bool:
    """Whether a node and its twin read the same, if all that is alike in a pass were one."""

    def one(name: str) -> str:
        """A node, or what it is a twin of and cannot be told from."""
        first = next((first for first, twin in twins.items() if twin == head(name)), "")
        if not first or apart(game, first, of) or not alike(game, twins, first, of):
            return name
        return first + name.removeprefix(head(name))

    members = [node for node in game.nodes.values() if head(node.name) == name]
    return all(
        one(mine) == one(other)
        for node in members
        for mine, other in zip(node.reads, game.nodes[_twin(node.name, twins)].reads, strict=True)
        if head(mine) != name
    )


def head(name: str) -> str:
    """The node that an output is of."""
    return name.partition(".")[0]


def _twin(name: str, twins: Mapping[str, str]) -> str:
    first, dot, rest = name.partition(".")
    return twins.get(first, first) + dot + rest


def _reading(node: Node, twins: Mapping[str, str]) -> Node:
    """The node, reading twins in the place of others; a gradient stays one by what it is by.

    A port has a colon behind it, an input of a network a dot before it.
    """
    means = node.means
    by = head(node.reads[1]) if node.form == "gradient" else ""
    known = {one: twin for one, twin in twins.items() if one != by}
    return replace(
        node,
        text=re.sub(r"(?<![\w.])[a-z]+\d*\b(?!:)", lambda one: known.get(one[0], one[0]), node.text),
        reads=tuple(_twin(one, known) for one in node.reads),
        means=None if means is None else lambda value: means(lambda one: value(_twin(one, known))),
    )

"""A game cut into parts that a reader knows: terms, nodes of the body, logs. Each node is of one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from functools import cached_property
from typing import Any, NamedTuple

from gandsl.ir.graph import Graph
from gandsl_runtime.plan.game import DataField, GamePlan, Term

# ids of nodes that stand for what a game lists → the part that they are
_LISTED = {"logs": "logs", r"show\d*": "shows", r"watch_\w+": "watches"}


class GamePart(NamedTuple):
    """A term of a player. Without one: a node of the body or a field of the data, or what the game lists."""

    player: str
    name: str


LISTS = tuple(GamePart("", name) for name in _LISTED.values())
WATCHES, BOUNDARY = GamePart("", "watches"), "boundary"  # a number among nodes


class Parts:
    """A game at one variant. `body`: the names of its nodes, fields of the data among them."""

    def __init__(self, graph: Graph, plan: GamePlan, body: Iterable[str]) -> None:
        self.graph, self.plan, self._body = graph, plan, frozenset(body)
        self.terms: dict[GamePart, Term] = {
            GamePart(player.name, term.id.partition(".")[2]): term
            for player in plan.players.values()
            for term in player.terms
        }
        self.nodes: dict[GamePart, list[str]] = {}
        for id_ in graph.nodes:
            self.nodes.setdefault(self.of(id_), []).append(id_)
        self.planned: dict[GamePart, Any] = {  # what the plan has of a part
            **self.terms,
            **{self.of(state.id): state for state in plan.states if self.of(state.id) not in self.terms},
            **{GamePart("", name): _read(one) for name, one in plan.data.items()},
            **dict(zip(LISTS, (plan.logs, plan.shows, _watched(plan)), strict=True)),
        }

    def of(self, id_: str) -> GamePart:
        """The part that a node is of."""
        first, _, rest = id_.partition(".")
        term = GamePart(first, rest.partition(".")[0])
        if term in self.terms or (rest and first in self.plan.players and first not in self._body):
            return term  # of which nodes may be there where it is absent itself
        if first in self._body:
            return GamePart("", first)
        listed = (name for pattern, name in _LISTED.items() if re.fullmatch(pattern, first))
        return GamePart("", next(listed, first))

    def __iter__(self) -> Iterator[GamePart]:
        return iter(dict.fromkeys((*self.nodes, *self.planned)))

    @cached_property
    def readers(self) -> dict[GamePart, list[str]]:
        """GamePart → ids of the terms whose numbers depend on it, now or through a state at a later step."""
        found: dict[GamePart, list[str]] = {}
        for part, term in self.terms.items():
            for below in self._below(part):
                found.setdefault(below, []).append(term.id)
        return found

    def _below(self, part: GamePart) -> set[GamePart]:
        seen: set[GamePart] = set()
        waiting = [part]
        while waiting:
            one = waiting.pop()
            if one not in seen:
                seen.add(one)
                waiting += [self.of(id_) for id_ in self._reads(one)]
        return seen

    def _reads(self, part: GamePart) -> Iterator[str]:
        for id_ in self.nodes.get(part, ()):
            node = self.graph[id_]
            yield from node.operands
            if node.op == "heard":
                yield node.attrs["node"]
        if term := self.terms.get(part):
            yield term.node
            if isinstance(term.weight, str):
                yield term.weight


def _read(one: DataField) -> dict[str, Any]:
    """How a field of the data is found and made; its kind and shape are its node's."""
    values = {each.name: getattr(one, each.name) for each in fields(one)}
    return {name: value for name, value in values.items() if name not in ("kind", "shape") and value}


def _watched(plan: GamePlan) -> dict[str, str | float]:
    return {**plan.watches, **({} if plan.boundary is None else {BOUNDARY: plan.boundary})}

"""Compares two games: what differs in their graphs is looked up in what is written, and told in its words."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, Any

from gandsl.diff.game.change import PLAIN, GameChange, field_changes, form
from gandsl.diff.game.evidence import Evidence, evidence, joined
from gandsl.diff.game.moves import moved_game
from gandsl.diff.game.parts import BOUNDARY, WATCHES, GamePart, Parts
from gandsl.diff.game.players import player_changes
from gandsl.diff.game.side import GameSide, words
from gandsl.diff.game.trained import trained_changes
from gandsl.diff.game.wired import Wired
from gandsl.diff.nodes import NodeChange
from gandsl.diff.values import MISSING, ValueChange, changes
from gandsl.records import dataclass

if TYPE_CHECKING:
    from gandsl.frontend.module import ModuleIR


@dataclass(frozen=True)
class GameDiff:
    """All that differs.

    `follows`: nodes that work on other sizes or numbers, since networks and data are others. `levels`: how
    many there are, where they differ. `nodes`: names of both games' nodes, by which fields say what is read.
    """

    changes: tuple[GameChange, ...]
    follows: tuple[NodeChange, ...]
    levels: tuple[int, int] | None
    nodes: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.changes or self.follows or self.levels)


def compare_games(old: ModuleIR, new: ModuleIR) -> GameDiff | None:
    """The differences; None where one side has no game. What `moved` of the new one names is equal."""
    if old.game is None or new.game is None:
        return None
    moves = {name: network.moved for name, network in new.networks.items()}
    return _Comparison(GameSide(old, moved_game(old.game, moves)), GameSide(new, new.game)).diff()


class _Comparison:
    """`evidence` says which parts differ, at any variant; the sides, how that is written."""

    def __init__(self, old: GameSide, new: GameSide) -> None:
        self.sides = (old, new)
        graphs, others = old.game.graphs, new.game.graphs
        alike = graphs.keys() == others.keys()
        pairs = [(old.main, new.main)]
        pairs += [(old.parts(one), new.parts(one)) for one in graphs if alike and one != old.last]
        self.evidence: dict[GamePart, Evidence] = reduce(joined, (evidence(*pair) for pair in pairs))
        self.there = [{part for pair in pairs for part in pair[side]} for side in (0, 1)]
        self.orders = next((order for pair in pairs if (order := _orders(*pair))), None)
        self.levels = None if alike else (len(graphs) // 2 + 1, len(others) // 2 + 1)
        self.wired = Wired(old, new, self.there[0] ^ self.there[1])
        self.follows = {BOUNDARY} if self._boundary_follows() else set()
        self.sized = [change for one in self.evidence.values() for change in one.sized]

    def _boundary_follows(self) -> bool:
        """Whether the boundary of what is watched is that of a loss that is told itself."""
        told = {part.name for part, one in self.evidence.items() if one and not part.player}
        return any(told & side.boundary_of for side in self.sides)

    def diff(self) -> GameDiff:
        found = [*player_changes(*self.sides), *trained_changes(*self.sides), *self._wired()]
        hidden = self.wired.hidden
        parts = [*self._parts(hidden)]
        if not found and not parts:  # what others follow from is not told after all
            parts = [*self._parts(frozenset())]
        if self.orders and not (hidden and (found or parts)):
            parts.append(GameChange((), "", ValueChange("order of nodes", *self.orders)))
        nodes = frozenset(name for side in self.sides for name in side.nodes)
        return GameDiff((*found, *parts), tuple(self.sized), self.levels, nodes)

    def _wired(self) -> Iterator[GameChange]:
        made = [part for part in self.evidence if self.wired.makes(part)]
        yield from (self._change(made, what, change) for what, change in self.wired.told())

    def _parts(self, hidden: Collection[str]) -> Iterator[GameChange]:
        """GamePart by part, without nodes of these names and what reads them."""
        for part in self.evidence:
            both = part in self.there[0] and part in self.there[1]
            if part.player and not all(part.player in side.game.plan.players for side in self.sides):
                continue  # the player is told as a whole
            if self.wired.makes(part) if both else part.name in hidden:
                continue
            found = self._fields(part, hidden) if both else [self._whole(part)]
            yield from (self._change([part], part.name, change) for change in found)

    def _change(self, parts: list[GamePart], what: str, change: ValueChange) -> GameChange:
        """A change, with the terms that the parts are, or that depend on them, and their players."""
        terms = dict.fromkeys(
            id_
            for side in self.sides
            for part in parts
            for id_ in ([".".join(part)] if part.player else side.main.readers.get(part, ()))
        )
        players = dict.fromkeys(id_.partition(".")[0] for id_ in terms)
        return GameChange(tuple(players), what, change, tuple(terms))

    def _whole(self, part: GamePart) -> ValueChange:
        sides = zip(self.sides, self.there, strict=True)
        return ValueChange("", *(side.fields(part) if part in there else MISSING for side, there in sides))

    def _fields(self, part: GamePart, hidden: Collection[str]) -> list[ValueChange]:
        """What differs in a part that both have: as it is written, or else in its graph."""
        old, new = (side.fields(part, defaults=True) for side in self.sides)
        if part == WATCHES:
            old, new = (_without(fields, self.follows) for fields in (old, new))
        follows = {one.path for one in changes(old, new) if (words(one.old) | words(one.new)) & set(hidden)}
        found = [change for change in field_changes(old, new) if change.path not in follows]
        if follows:
            return found if part.player or not {form(old), form(new)} <= PLAIN else []
        return found or self._in_graph(part)

    def _in_graph(self, part: GamePart) -> list[ValueChange]:
        """What the nodes of a part tell that is written alike: a network's input, a block of a library.

        Not what follows from other news: a node that reads what one side lacks, a number that is a size.
        """
        one, single = self.evidence[part], self.there[0] ^ self.there[1]
        left = []
        for change in one.changed:
            if self._reads(change) & single:
                kept = [field for field in change.fields if not _of_reading(field.path)]
                change = replace(change, fields=tuple(kept))
            if self.sized and all(_is_number(field) for field in change.fields):
                self.sized.append(change)
            else:
                left.append(change)
        of_plan = [change for change in one.planned if part != WATCHES or change.path not in self.follows]
        return replace(one, changed=left, planned=of_plan).fields(part)

    def _reads(self, change: NodeChange) -> set[GamePart]:
        nodes = zip(self.sides, (change.old, change.new), strict=True)
        return {side.main.of(id_) for side, node in nodes for id_ in node.operands}


def _without(fields: dict[str, Any], paths: Collection[str]) -> dict[str, Any]:
    return {path: value for path, value in fields.items() if path not in paths}


def _of_reading(field: str) -> bool:
    """Whether a field of a node says what it reads."""
    return field in ("names", "type") or field.startswith("inputs.")


def _is_number(field: ValueChange) -> bool:
    return field.path == "type" or all(type(value) in (int, float) for value in (field.old, field.new))


def _orders(old: Parts, new: Parts) -> tuple[list[str], list[str]] | None:
    """From the first node that stands elsewhere to where they meet again: the parts in both orders."""
    before = [id_ for id_ in old.graph.nodes if id_ in new.graph.nodes]
    after = [id_ for id_ in new.graph.nodes if id_ in old.graph.nodes]
    apart = [place for place, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]]
    if not apart:
        return None
    ids = [order[apart[0] : apart[-1] + 1] for order in (before, after)]
    one, other = ([".".join(filter(None, old.of(id_))) for id_ in order] for order in ids)
    parts = [list(dict.fromkeys(order)) for order in (one, other)]
    return (parts[0], parts[1]) if parts[0] != parts[1] else (ids[0], ids[1])

"""One difference between two games: whose it is, what it is of, and the value before and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gandsl.diff.values import MISSING, ValueChange, changes
from gandsl.records import dataclass

FORMS = ("block", "topology", "op", "slot", "network", "draw", "state", "value", "type")
"""Fields that say what a node is."""

PLAIN = frozenset(("", "network", "draw", "value"))
"""Of these the ones of nodes that choose nothing: their other fields say what is read."""

MADE = "made of"
"""The path of a change of a node that was an expression, and is a block now."""


@dataclass(frozen=True, slots=True)
class GameChange:
    """`what` is a term, a node, or a part of the short form; "" is the player itself, or the game.

    The change's path is a field of that; "" where all of it is on one side only: then `old` or `new` has its
    fields. `players` and `terms` (PLAYER.TERM) are whose it is or, of a node, whose numbers depend on it.
    """

    players: tuple[str, ...]
    what: str
    change: ValueChange
    terms: tuple[str, ...] = ()

    @property
    def sign(self) -> str:
        """+ (all of it is new), - (it is gone) or ~ (a field differs)."""
        if self.change.path:
            return "~"
        return "+" if self.change.old is MISSING else "-"


def field_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[ValueChange]:
    """Fields of a node or a term that differ; where it is made in another way, those that both have."""
    found = list(changes(old, new))
    before, after = form(old), form(new)
    if before == after and old.get(before) == new.get(after):
        return found
    both = [change for change in found if MISSING not in (change.old, change.new)]
    if before == after:
        return both
    return [ValueChange(MADE, old.get(before, MISSING), new.get(after, MISSING)), *both]


def form(fields: Mapping[str, Any]) -> str:
    """The field that says what it is, "" where none does."""
    return next((name for name in FORMS if name in fields), "")

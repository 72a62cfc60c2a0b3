"""Players of two games: who came and went, whom they train and when, and in which order they move."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gandsl.diff.game.change import GameChange
from gandsl.diff.game.side import GameSide
from gandsl.diff.values import MISSING, ValueChange, changes
from gandsl_runtime.moved import renamed
from gandsl_runtime.plan.game import GamePlan, Player


def player_changes(old: GameSide, new: GameSide) -> Iterator[GameChange]:
    """Whole players, fields of those that both have, then the turns."""
    before, after = old.game.plan, new.game.plan
    for name in dict.fromkeys((*before.players, *after.players)):
        one, other = before.players.get(name), after.players.get(name)
        if one and other:
            trains = [renamed(path, new.module.document.moved) for path in one.trains]
            for change in changes({**_fields(one), "trains": trains}, _fields(other)):
                yield GameChange((name,), "", change)
            yield from _order_of_terms(name, one, other)
        else:
            whole = (_whole(player) if player else MISSING for player in (one, other))
            yield GameChange((name,), "", ValueChange("", *whole))
    yield from _turns(before, after)


def _fields(player: Player) -> dict[str, Any]:
    return {
        "trains": list(player.trains),
        "steps": player.steps,
        "from": str(player.start),
        "until": "the end" if player.until is None else str(player.until),
    }


def _whole(player: Player) -> dict[str, Any]:
    return {**_fields(player), "terms": _terms(player)}


def _terms(player: Player) -> list[str]:
    return [term.id.partition(".")[2] for term in player.terms]


def _order_of_terms(name: str, old: Player, new: Player) -> Iterator[GameChange]:
    """Terms that both have, in another order: in this one their gradients are added up."""
    before, after = _terms(old), _terms(new)
    both = [[term for term in terms if term in before and term in after] for terms in (before, after)]
    if both[0] != both[1]:
        yield GameChange((name,), "", ValueChange("order of terms", *both))


def _turns(old: GamePlan, new: GamePlan) -> Iterator[GameChange]:
    """The turns of the players that both have, and whether each phase has items and draws of its own."""
    both = old.players.keys() & new.players.keys()
    turns = [
        [[name for name in turn if name in both] for turn in plan.order if both & set(turn)]
        for plan in (old, new)
    ]
    if turns[0] != turns[1]:
        told = ([turn if len(turn) > 1 else turn[0] for turn in order] for order in turns)
        yield GameChange((), "", ValueChange("order", *told))
    if old.fresh != new.fresh:
        yield GameChange((), "", ValueChange("fresh", old.fresh, new.fresh))

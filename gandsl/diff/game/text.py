"""A game's differences as few lines: `~ discriminator: r1 gamma 2 → 5`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gandsl.diff.game.change import MADE, GameChange, form
from gandsl.diff.game.compare import GameDiff
from gandsl.diff.game.side import words
from gandsl.diff.values import MISSING, ValueChange, shown

MOST = 4  # fields of one thing that are told

# what a field is where nobody writes it
_USUAL: dict[str, Any] = {
    "weight": 1,
    "every": "1 steps",
    "batch": "the step's",
    "from": "0 img",
    "until": "the end",
    "steps": 1,
    "moments": "the network's",
}


def game_lines(diff: GameDiff) -> list[str]:
    """One line for each thing that differs; things with the same news share one."""
    news: dict[tuple[tuple[str, ...], str, str], list[GameChange]] = {}
    for one in diff.changes:
        news.setdefault((one.players, one.sign, one.what), []).append(one)
    same: dict[tuple[tuple[str, ...], str, str], list[str]] = {}
    for (players, sign, what), found in news.items():
        same.setdefault((players, sign, _told([one.change for one in found], diff.nodes)), []).append(what)
    lines = [
        " ".join(filter(None, (sign, _whose(players), ", ".join(filter(None, names)), told)))
        for (players, sign, told), names in same.items()
    ]
    return [*lines, *_sizes(diff)]


def _sizes(diff: GameDiff) -> Iterator[str]:
    """What became of sizes: a consequence of what networks and data are."""
    if not diff.follows:
        return
    one, count = diff.follows[0], len(diff.follows)
    follows = "node follows" if count == 1 else "nodes follow"
    yield f"~ {count} more {follows} from other sizes, such as {one.id}: {one.old.type} → {one.new.type}"


def _whose(players: tuple[str, ...]) -> str:
    return f"{', '.join(players)}:" if players else ""


def _told(found: list[ValueChange], nodes: frozenset[str]) -> str:
    if not found[0].path:
        fields = found[0].new if found[0].old is MISSING else found[0].old
        kept = [*_whole(fields, nodes)] if isinstance(fields, Mapping) else [shown(fields)]
        return f"({', '.join(kept)})" if kept else ""
    rest = f", and {len(found) - MOST} more" if len(found) > MOST else ""
    return ", ".join(map(_field, found[:MOST])) + rest


def _whole(fields: Mapping[str, Any], nodes: frozenset[str]) -> list[str]:
    """What a thing is, then its numbers and choices; not what it reads."""
    made, kept = form(fields), []
    for path, value in fields.items():
        if path == made:
            kept.append(shown(value) if path in ("block", "value", "op") else f"{path} {shown(value)}")
            continue
        reads = made and (path.partition(".")[0] in ("log", "draws") or words(value) & nodes)
        if not reads and value != _USUAL.get(path):
            kept.append(f"{path} {shown(value)}")
    return kept


def _field(change: ValueChange) -> str:
    """`gamma 2 → 5`, `loss hinge → logistic`."""
    old, new = ("nothing" if value is MISSING else shown(value) for value in (change.old, change.new))
    path = change.path
    if path == "block":
        (space, _, before), (other, _, after) = old.rpartition("."), new.rpartition(".")
        if space and space == other:
            return f"{space} {before} → {after}"
    if path in (MADE, "value", "block"):
        return f"{old} → {new}"
    return f"{path} {old} → {new}"

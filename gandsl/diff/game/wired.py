"""What a short form says of how its nodes are wired, and the nodes that come, go and change with that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gandsl.diff.game.change import PLAIN, form
from gandsl.diff.game.parts import GamePart
from gandsl.diff.game.side import GameSide
from gandsl.diff.values import MISSING, ValueChange, changes


class Wired:
    """Of two short forms; nothing where one of the games is written out.

    `single` are the parts that one side lacks.
    """

    def __init__(self, old: GameSide, new: GameSide, single: set[GamePart]) -> None:
        self._sides = (old, new)
        self.fields: dict[str, list[ValueChange]] = {}
        if not all(side.module.document.is_short for side in self._sides):
            self.hidden = frozenset[str]()
            return
        for change in changes(old.wiring, new.wiring):
            self.fields.setdefault(change.path.partition(".")[0], []).append(change)
        causes = self.fields or any(part.player and self._made_by(part) for part in single)
        self.hidden = frozenset(part.name for part in single if causes and self._follows(part))

    def told(self) -> Iterator[tuple[str, ValueChange]]:
        """GamePart of the short form → what differs; a field alone (`discriminator_passes`) is no part."""
        for name, found in self.fields.items():
            if found[0].path == name:
                yield "", found[0]
                continue
            old, new = (_within(name, side.wiring) for side in self._sides)
            inside = changes(old, new) if old and new else [ValueChange("", old or MISSING, new or MISSING)]
            yield from ((name, change) for change in inside)

    def makes(self, part: GamePart) -> bool:
        """Whether it was made of what is told here."""
        return bool(self._made_by(part) & self.fields.keys())

    def _follows(self, part: GamePart) -> bool:
        """Whether a node is there, or not, since something else is."""
        if part.player or not self._made_by(part):
            return False
        return self.makes(part) or all(self._is_plain(side.fields(part)) for side in self._sides)

    def _is_plain(self, fields: Mapping[str, Any]) -> bool:
        """Whether a node is of a form that chooses nothing, or of one that both sides have elsewhere."""
        made = form(fields)
        return made in PLAIN or all(
            any(side.fields(GamePart("", name)).get(made) == fields[made] for name in side.nodes)
            for side in self._sides
        )

    def _made_by(self, part: GamePart) -> set[str]:
        return {made for side in self._sides if (made := side.section(part)) is not None}


def _within(name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a part, by their paths in it."""
    head = f"{name}."
    return {path.removeprefix(head): value for path, value in fields.items() if path.startswith(head)}

"""What two games have in other ways, part by part, in the graphs of all variants: whether a part differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, fields, is_dataclass, replace
from typing import Any

from gandsl.diff.game.parts import GamePart, Parts
from gandsl.diff.nodes import NodeChange, diff_graphs
from gandsl.diff.values import MISSING, ValueChange, changes
from gandsl.records import dataclass

_SIZED = ("type", "shape", "outputs")  # fields that follow from the sizes of data and networks


@dataclass
class Evidence:
    """Of one part, at the first variant that has any: nodes by id, and fields of the game's plan."""

    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    changed: list[NodeChange] = field(default_factory=list)
    sized: list[NodeChange] = field(default_factory=list)
    planned: list[ValueChange] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.planned)

    def fields(self, part: GamePart) -> list[ValueChange]:
        """What its nodes tell where what is written tells nothing: a network's input, a library's block."""
        found = [
            ValueChange(_within(f"{change.id} {field.path}", part), field.old, field.new)
            for change in self.changed
            for field in change.fields
            if field.path not in _SIZED or len(change.fields) == 1
        ]
        found += [ValueChange(_within(id_, part), "there", MISSING) for id_ in self.removed]
        found += [ValueChange(_within(id_, part), MISSING, "there") for id_ in self.added]
        return found or self.planned


def evidence(old: Parts, new: Parts) -> dict[GamePart, Evidence]:
    """Every part of either that is not the same in both."""
    found: dict[GamePart, Evidence] = {}

    def of(parts: Parts, id_: str) -> Evidence:
        return found.setdefault(parts.of(id_), Evidence())

    diff = diff_graphs(old.graph, new.graph, {})
    for id_ in diff.removed:
        of(old, id_).removed.append(id_)
    for id_ in diff.added:
        of(new, id_).added.append(id_)
    for change in diff.changed:
        one = of(new, change.id)
        (one.sized if _is_size(change) else one.changed).append(change)
    for part in dict.fromkeys((*old.planned, *new.planned)):
        if planned := changes(_plan(old, part), _plan(new, part)):
            found.setdefault(part, Evidence()).planned = list(planned)
    return found


def _plan(parts: Parts, part: GamePart) -> dict[str, Any]:
    """What the plan has of a part, by field."""
    planned = parts.planned.get(part, {})
    if is_dataclass(planned):
        return {one.name: getattr(planned, one.name) for one in fields(planned)}
    return dict(planned) if isinstance(planned, Mapping) else {"value": planned}


def _is_size(change: NodeChange) -> bool:
    """Whether a node merely works on other sizes than before."""
    return all(
        field.path in _SIZED and (field.path != "outputs" or _kinds(field.old) == _kinds(field.new))
        for field in change.fields
    )


def _kinds(outputs: object) -> list[tuple[str, str]]:
    """Names and kinds of a call's outputs."""
    return [(name, kind) for name, kind, _ in outputs] if isinstance(outputs, tuple) else []


def _within(path: str, part: GamePart) -> str:
    """A node's path as its own part sees it."""
    return path.removeprefix(".".join(filter(None, part))).lstrip(". ")


def joined(before: dict[GamePart, Evidence], after: dict[GamePart, Evidence]) -> dict[GamePart, Evidence]:
    """Of two variants: of each part what the first one shows, and what the second one alone."""
    found = dict(after)
    for part, one in before.items():
        other = found.get(part)
        found[part] = one if one or other is None else replace(other, sized=one.sized or other.sized)
    return found

"""Values side by side: fields of a plan, or whatever else is nested mappings, each with its path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ValueChange:
    """`old` or `new` is MISSING where one side has no such field."""

    path: str
    old: Any
    new: Any


class _Missing:
    def __repr__(self) -> str:
        return "missing"


MISSING = _Missing()


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[ValueChange, ...]:
    """What differs between two flat mappings: in the order of the old one, then what is new."""
    return tuple(
        ValueChange(name, old.get(name, MISSING), new.get(name, MISSING))
        for name in dict.fromkeys((*old, *new))
        if not same(old.get(name, MISSING), new.get(name, MISSING))
    )


def same(a: Any, b: Any) -> bool:
    """Equal, where 1, 1.0 and true are three things and a list is as good as a tuple."""
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return isinstance(a, bool) == isinstance(b, bool) and bool(a == b)


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Nested mappings as dotted paths; a part that is null has no fields, so it is left out."""
    if isinstance(value, Mapping):
        found: dict[str, Any] = {}
        for name, part in value.items():
            found |= flat(part, f"{path}.{name}" if path else str(name))
        return found
    return {} if value is None else {path: value}


def shown(value: Any) -> str:
    """A value for the reader: text without quotes, sequences in brackets."""
    if value is None:
        return "auto"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(shown, value))}]"
    return str(value)


def told(change: ValueChange, shown: Callable[[Any], str] = shown) -> str:
    """A change for the reader, its values as `shown` spells them."""
    if change.old is MISSING:
        return f"+ {change.path}: {shown(change.new)}"
    if change.new is MISSING:
        return f"- {change.path}: {shown(change.old)}"
    return f"~ {change.path}: {shown(change.old)} → {shown(change.new)}"

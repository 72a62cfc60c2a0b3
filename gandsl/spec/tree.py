"""A YAML file as read: scalars, mappings and sequences that know where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

from gandsl.diagnostics.span import Span
from gandsl.records import dataclass


class Scalar(NamedTuple):
    """One value. `text` is what it says without its quotes, `value` what a plain one means in YAML 1.2."""

    value: str | int | float | bool | None
    text: str
    plain: bool
    span: Span  # a quoted scalar's span includes the quotes


class Entry(NamedTuple):
    """A key and what it is given."""

    key: str
    key_span: Span
    value: Tree


@dataclass(frozen=True, slots=True)
class Mapping:
    """Entries by key, in the order of the file."""

    entries: dict[str, Entry]
    span: Span

    def get(self, key: str) -> Tree | None:
        """The value at `key`, None where the key is missing."""
        entry = self.entries.get(key)
        return entry.value if entry else None

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries.values())

    def __len__(self) -> int:
        return len(self.entries)

    def __contains__(self, key: object) -> bool:
        return key in self.entries


@dataclass(frozen=True, slots=True)
class Sequence:
    """Items in order."""

    items: tuple[Tree, ...]
    span: Span


Tree: TypeAlias = Scalar | Mapping | Sequence


def is_null(tree: Tree | None) -> bool:
    """Whether `tree` is the value `null` (or nothing at all)."""
    return tree is None or (type(tree) is Scalar and tree.value is None)


def entry_at(tree: Mapping, keys: list[str]) -> Entry | None:
    """The entry at a list of keys, None where there is none."""
    entry: Entry | None = None
    here: Tree | None = tree
    for key in keys:
        entry = here.entries.get(key) if isinstance(here, Mapping) else None
        here = entry.value if entry else None
    return entry


def to_plain(tree: Tree) -> Any:
    """Plain Python data: dict, list, str, int, float, bool, None. Recursive; trees are at most 64 deep."""
    if isinstance(tree, Scalar):
        return tree.value
    if isinstance(tree, Sequence):
        return [to_plain(item) for item in tree.items]
    return {entry.key: to_plain(entry.value) for entry in tree}


def describe(tree: Tree) -> str:
    """What kind of value it is, for messages: `a mapping`, `true`, `the number 3`, `the text "no"`."""
    if isinstance(tree, Mapping):
        return "a mapping"
    if isinstance(tree, Sequence):
        return "a list"
    if tree.value is None:
        return "nothing" if tree.text == "" else "null"
    if isinstance(tree.value, bool):
        return "true" if tree.value else "false"
    if isinstance(tree.value, str):
        shown = tree.text if len(tree.text) <= 40 else tree.text[:39] + "…"
        return f'the text "{shown}"'
    return f"the number {tree.text}"

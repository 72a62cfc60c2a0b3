"""A set of items with fields of several kinds, decoded one at a time and brought to batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from ..errors import DataError
from ..plan.game import DataField
from .dataset import IN_A_ROW
from .fields.columns import Column, Ready
from .fields.decode import Value
from .fields.kinds import KINDS, bytes_of, room_of, shape_of, tokens_in
from .fitting import UNREADABLE, WHITE, Unreadable, reason
from .order import words
from .sources.base import shown

Row = dict[str, np.ndarray]  # of an item, by field


@dataclass(frozen=True)
class FieldTable:
    """Items of a set, as one stream of a game reads them.

    A field of `partner` F is of another item, one that has the same number in `alike[F]`.
    """

    name: str
    kind: str  # of its source, in words
    names: Sequence[str]
    fields: Mapping[str, DataField]
    columns: Mapping[str, Column]  # by field
    numbers: Mapping[str, np.ndarray] = field(default_factory=dict)  # of fields of Label: int64 (n,)
    alike: Mapping[str, np.ndarray] = field(default_factory=dict)  # of partners: int64 (n,)
    broken: Literal["stop", "skip"] = "stop"
    white: int = WHITE
    groups: np.ndarray | None = None  # int64 (n,), where the classes are drawn evenly

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def parts(self) -> Mapping[str, Mapping[str, DataField]]:
        """Fields of one item each: of the item itself under "", of each partner under the field it shares."""
        found: dict[str, dict[str, DataField]] = {"": {}}
        for name, one in self.fields.items():
            if not one.origin:
                found.setdefault(one.partner, {})[name] = one
        return {part: fields for part, fields in found.items() if fields}

    @cached_property
    def computed(self) -> Mapping[str, DataField]:
        """Fields that are computed from others as they are read, each behind the one that it is made of."""
        found: dict[str, DataField] = {}
        waiting = {name: one for name, one in self.fields.items() if one.origin}
        while waiting:
            ready = {name: one for name, one in waiting.items() if one.origin not in waiting}
            assert ready  # the compiler refuses what is computed from itself
            found |= ready
            waiting = {name: one for name, one in waiting.items() if name not in ready}
        return found

    @property
    def images(self) -> Sequence[str]:
        """The names, as those who go through a source ask for them."""
        return self.names

    @property
    def own(self) -> Mapping[str, DataField]:
        """The fields that the set has of the items themselves: not their partners', nor computed ones."""
        return {name: one for name, one in self.fields.items() if not (one.partner or one.origin)}

    @property
    def labels(self) -> np.ndarray | None:
        """The classes of the field of labels that has the most."""
        name = max(self.numbers, key=lambda name: self.fields[name].shape[0], default=None)
        return None if name is None else self.numbers[name]

    @property
    def decoded(self) -> bool:
        """Whether nothing is to be decoded; it is never known of all fields."""
        return False

    @property
    def bytes(self) -> int:
        """Of an item in a batch."""
        return sum(map(bytes_of, self.fields.values()))

    def row(self, index: int, fields: Mapping[str, DataField] | None = None) -> Row:
        """The fields of an item, or some of them; partners' are of the next item alike.

        Computed ones are by draws of the item's own. Raises DataError naming what can't be read.
        """
        wanted = self.fields if fields is None else fields
        values: dict[str, Value] = {}
        return {name: self._made(index, name, one, values) for name, one in wanted.items()}

    def _made(self, index: int, name: str, one: DataField, values: dict[str, Value]) -> np.ndarray:
        """A field of an item, read or computed."""
        if not one.origin:
            return self._array(self._near(index, one), name, one, values)
        of = self._made(index, one.origin, self.fields[one.origin], values)
        return computed(of, name, one, (index,))

    def _near(self, index: int, of: DataField) -> int:
        if not of.partner:
            return index
        same = np.flatnonzero(self.alike[of.partner] == self.alike[of.partner][index])
        return int(same[(np.searchsorted(same, index) + 1) % len(same)])

    def _array(self, index: int, name: str, of: DataField, values: dict[str, Value]) -> np.ndarray:
        """One field of an item; `values` are those that were read of it. Raises Unreadable."""
        if name in self.numbers:
            return self.numbers[name][index]
        column = self.columns.get(name)
        if isinstance(column, Ready):
            return column.array[index]
        source = of.mask or name
        column = self.columns[source]
        try:
            if source not in values:
                values[source] = column.value(index)
            if of.mask:
                return tokens_in(values[source], self.fields[source])
            return KINDS[of.kind].fit(values[source], of, self.white)
        except UNREADABLE as error:
            why = reason(error)
            fault = Unreadable(
                f"can't read {shown(column.place(index))} of {self.name}: {why}",
                "repair or replace it, then resume; with training.data.broken: skip a run goes on without it",
            )
            fault.why = why
            raise fault from error

    def readable(
        self, index: int, skipped: dict[str, str], part: Mapping[str, DataField] | None = None
    ) -> tuple[int, Row]:
        """The fields of an item, or of the next that can be read, with its place; as Dataset.readable."""
        fields = self.fields if part is None else part
        first = None
        for place in range(index, index + min(IN_A_ROW, len(self))):
            place %= len(self)
            values: dict[str, Value] = {}
            try:
                return place, {name: self._array(place, name, of, values) for name, of in fields.items()}
            except Unreadable as fault:
                if self.broken == "stop":
                    raise
                first = first or fault
                skipped[self.names[place]] = fault.why
        assert first is not None
        raise DataError(
            f"{first.message}; nor can the {min(IN_A_ROW, len(self)) - 1} items after it",
            "see whether the items are still there, then resume",
        )

    def fill(
        self,
        part: str,
        wanted: np.ndarray,
        flipped: np.ndarray,
        rows: Mapping[str, np.ndarray],
        skipped: dict[str, str],
        keys: np.ndarray | None = None,
    ) -> None:
        """Decode the fields of a part of items into arrays [n, …], mirrored where they are picked so.

        What is computed from them is so by the draws of `keys` [n, words].
        """
        fields = self.parts[part]
        for at, index in enumerate(wanted.tolist()):
            _, found = self.readable(index, skipped, fields)
            for name, array in found.items():
                rows[name][at] = array[..., ::-1] if flipped[at] and KINDS[fields[name].kind].flips else array
        for name, of in self.computed.items():
            if of.partner == part and keys is not None:
                for at, key in enumerate(keys.tolist()):
                    rows[name][at] = computed(rows[of.origin][at], name, of, key)

    def class_shares(self) -> np.ndarray | None:
        """How often each class is drawn; as Dataset.class_shares."""
        if self.labels is None:
            return None
        counts = np.bincount(self.labels)
        drawn = counts if self.groups is None else counts > 0
        return drawn / drawn.sum()

    def said(self) -> str:
        """`image 3×64×64, text 77×768`."""
        return ", ".join(f"{name} {_times(one)}" for name, one in self.fields.items())


def computed(array: np.ndarray, name: str, of: DataField, key: Sequence[int]) -> np.ndarray:
    """A field from the one that it is computed from, by the draws of a key."""
    from .degrade.steps import degraded

    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence((*key, 3, *words(f"field/{name}")))))
    return degraded(array, of.steps, (of.shape[1], of.shape[2]), rng)


def _times(of: DataField) -> str:
    if of.kind == "Label":
        return f"of {of.shape[0]} classes"
    return "×".join(map(str, shape_of(of))) or "a number"


__all__ = ["FieldTable", "Row", "room_of"]

"""Fields of the samples of WebDataset shards: by what ends their files' names, and keys of their JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...errors import DataError
from ...plan.game import DataField
from ..sources.base import shown
from ..sources.shards import LABEL_FIELDS, Member, Shards, number_in
from .columns import Column, Columns, InTable, absent, shared_items
from .decode import Value, decoded, suffix_of
from .kinds import KINDS
from .metadata import FILE

Own = Mapping[int, Any]  # by the number of a sample: a Member, or the value itself
HOW = "a field is an end of the files' names (`0001.{0}{1}`), or a key of `0001.json`"


@dataclass(frozen=True)
class InShards:
    """A file of each sample."""

    source: Shards
    places: Sequence[Member]

    def place(self, index: int) -> str:
        return self.source.said(self.places[index])

    def value(self, index: int) -> Value:
        return decoded(self.source.content(self.places[index]), self.places[index].name.lower())


@dataclass(frozen=True)
class _Samples:
    """What shards hold: the files of all samples by what follows the first dot of their names."""

    source: Shards
    names: Sequence[str]
    ends: Mapping[str, Mapping[int, Member]]

    @classmethod
    def of(cls, source: Shards) -> _Samples:
        names: list[str] = []
        ends: dict[str, dict[int, Member]] = {}
        for name, files in source.samples():
            for end, place in files.items():
                ends.setdefault(end, {})[len(names)] = place
            names.append(name)
        return cls(source, names, ends)

    @cached_property
    def facts(self) -> Mapping[int, Mapping[str, Any]]:
        """What the JSON of each sample says. Raises DataError where it can't be read."""
        found: dict[int, Mapping[str, Any]] = {}
        for number, place in self.ends.get("json", {}).items():
            try:
                said = json.loads(self.source.content(place))
            except (OSError, ValueError, RecursionError) as error:
                name = f"{shown(self.source.said(place))} of {self.source.name}"
                raise DataError(f"can't read {name}: {error}", "repair or replace it") from error
            found[number] = said if isinstance(said, dict) else {LABEL_FIELDS[0]: said}
        return found

    def keyed(self, key: str) -> Own:
        """A value of the JSON, of samples that have it."""
        return {number: said[key] for number, said in self.facts.items() if said.get(key) is not None}

    def called(self, field: str, suffixes: Sequence[str]) -> list[str]:
        """Ends that are called by a field's name: `mask.png`, `mask`, `v2.mask.png`."""
        field = field.lower()
        return [
            end
            for end in self.ends
            if _kind(end) in suffixes
            and (end == field or f"x.{end}".removesuffix(_kind(end)).endswith(f".{field}"))
        ]


def columns_of_samples(source: Shards, wanted: Mapping[str, DataField]) -> Columns:
    """The fields, each by what the set calls it. Raises DataError where one is not there, or lacks samples.

    What no name says is, of the one Image that is left, the sample's image, of the one Label its class.
    """
    samples = _Samples.of(source)
    taken: set[str] = set()  # ends
    found: dict[str, Own] = {}
    for field, of in wanted.items():
        if ends := samples.called(field, KINDS[of.kind].suffixes):
            taken.update(ends)
            found[field] = {number: place for end in ends for number, place in samples.ends[end].items()}
        elif of.kind not in FILE and (own := samples.keyed(field)):
            found[field] = own
    for kind, rest in (("Image", _images), ("Label", _classes)):
        lacking = [field for field, of in wanted.items() if field not in found and of.kind == kind]
        if len(lacking) == 1 and (own := rest(samples, taken)):
            found[lacking[0]] = own
    for field, of in wanted.items():
        if field not in found:
            have = {*samples.ends, *(key for said in samples.facts.values() for key in said)}
            raise absent(source.name, field, sorted(have), HOW, of.kind)
    numbers = shared_items(source.name, found, samples.names.__getitem__)
    names = [samples.names[number] for number in numbers]
    return Columns(
        names, {field: _column(source, field, own, numbers, names) for field, own in found.items()}
    )


def _column(source: Shards, field: str, own: Own, numbers: Sequence[int], names: Sequence[str]) -> Column:
    values = [own[number] for number in numbers]
    if all(isinstance(value, Member) for value in values):
        return InShards(source, values)
    return InTable(values, names, field)


def _kind(end: str) -> str:
    """How a file is read, of what follows the first dot of its name: `.png` of `mask.png`."""
    return suffix_of(f"x.{end}")


def _images(samples: _Samples, taken: set[str]) -> Own:
    """The image of each sample among the files that are no field's: `jpg` goes before `other.png`."""
    found: dict[int, Member] = {}
    free = [end for end in samples.ends if end not in taken and _kind(end) in KINDS["Image"].suffixes]
    for end in sorted(free, key=lambda end: ("." in end, end == "npy", end)):
        for number, place in samples.ends[end].items():
            found.setdefault(number, place)
    return found


def _classes(samples: _Samples, taken: set[str]) -> Own:
    """What `.cls` says, else what the JSON calls a label: numbers, or words."""
    if "cls" not in taken and (files := samples.ends.get("cls")):
        return {number: number_in(samples.source.content(place)) for number, place in files.items()}
    return next((own for key in LABEL_FIELDS if (own := samples.keyed(key))), {})

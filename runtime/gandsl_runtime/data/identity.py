"""Whether two sets of images are the same: by all names and labels, and by the pixels of a few images.

A set of millions must not be read before a run goes on. So the pixels of at most 32 images, spread over the
set, stand for all: another set is noticed, a single image that was exchanged may not be.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ..errors import DataError
from ..runs.header import DataFacts
from .dataset import Dataset
from .sources import BUILT_IN
from .sources.base import shown
from .sources.hub import PREFIX
from .survey import look
from .table import FieldTable

ItemSet = Dataset | FieldTable

LOOKED_AT = 32  # images whose size, mode and pixels are taken


def identities(sets: Mapping[str, ItemSet], where: object) -> DataFacts:
    """What a run records of its sets, by the keys of its streams; `where` the user says that they are."""
    by_set = {key: data for key, data in sets.items() if "/" not in key} or dict(sets)
    given = where if isinstance(where, Mapping) else dict.fromkeys(by_set, where)
    first, *others = (
        _of_set(key.partition("/")[0], identity(data, _path(given.get(key.partition("/")[0]))))
        for key, data in by_set.items()
    )
    return first.model_copy(update={"others": tuple(others)}) if others else first


def _of_set(name: str, facts: DataFacts) -> DataFacts:
    return facts.model_copy(update={"set": name}) if name else facts


def _path(where: object) -> str | Path | None:
    return where if isinstance(where, str | Path) else None


def identity(data: ItemSet, where: str | Path | None) -> DataFacts:
    """What a run records of one set; `where` the user says that it is."""
    return DataFacts(
        where=data.name if where is None else str(where),
        at=None if where is None else absolute(str(where)),
        images=len(data),
        names=_digest(name.encode(errors="surrogateescape") for name in data.names),
        labels=None if data.labels is None else _digest([data.labels.astype("<i8").tobytes()]),
        pixels=tuple(_looked_at(data, index) for index in spread(len(data))),
    )


def _looked_at(data: ItemSet, index: int) -> str | None:
    """What tells an item from others by its content; None where it can't be read."""
    if isinstance(data, Dataset):
        found = look(data.source, index)
        return None if isinstance(found, str) else found.digest[:8].hex()
    try:
        row = data.row(index, data.own)
    except DataError:
        return None
    return _digest(part for name, array in row.items() for part in (name.encode(), array.tobytes()))


def spread(count: int) -> list[int]:
    """At most 32 places among `count`, the first and the last among them."""
    most = min(LOOKED_AT, count)
    return [place * (count - 1) // max(most - 1, 1) for place in range(most)]


def all_differences(old: DataFacts, new: DataFacts, sets: Mapping[str, ItemSet]) -> Iterator[str]:
    """How the sets `new` differ from what a run was trained on, set by set."""
    before = {one.set: one for one in (old, *old.others)}
    for one in (new, *new.others):
        data = sets.get(one.set or "") or next(iter(sets.values()))
        if one.set not in before:
            yield f"~ set `{one.set}`, which was not there"
            continue
        said = f" of set `{one.set}`" if new.others else ""
        yield from (f"{line}{said}" for line in differences(before[one.set], one, data))


def differences(old: DataFacts, new: DataFacts, data: ItemSet) -> Iterator[str]:
    """How the images `new`, which are those of `data`, differ from what a run was trained on.

    What an older version did not record, or what can't be read on one side, is not compared.
    """
    if old.images != new.images:
        yield f"~ images: {old.images} → {new.images}"
    elif old.names and old.names != new.names:
        yield "~ names, or the order that they give"
    if old.labels and new.labels and old.labels != new.labels:
        yield "~ labels"
    if old.images == new.images and len(old.pixels) == len(new.pixels):  # another version's may be more
        pairs = zip(spread(new.images), old.pixels, new.pixels, strict=True)
        other = [place for place, a, b in pairs if a and b and a != b]
        if other:
            example = shown(data.names[other[0]])
            yield f"~ {len(other)} of the {len(new.pixels)} images that were looked at, such as {example}"


def absolute(where: str) -> str:
    """The path made absolute, so that a process in any folder finds it; names that are no paths stay."""
    if where in BUILT_IN:
        return where
    if where.startswith(PREFIX):
        name, colon, rest = where.removeprefix(PREFIX).partition(":")
        return f"{PREFIX}{os.path.abspath(name)}{colon}{rest}" if Path(name).exists() else where
    return os.path.abspath(where)


def again(facts: DataFacts) -> str | dict[str, str]:
    """Where the images of a run are to be looked for, by set where they are several."""
    if facts.others:
        return {one.set or "": _again(one) for one in (facts, *facts.others)}
    return _again(facts)


def _again(facts: DataFacts) -> str:
    """Where a set is to be looked for: where it was, else what the user called it."""
    if facts.at is None:
        return facts.where
    return facts.where if not Path(facts.at).exists() and Path(facts.where).exists() else facts.at


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        digest.update(part + b"\0")
    return digest.hexdigest()

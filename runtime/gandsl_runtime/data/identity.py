"""Whether two sets of images are the same: by all names and labels, and by the pixels of a few images.

A set of millions must not be read before a run goes on. So the pixels of at most 32 images, spread over the
set, stand for all: another set is noticed, a single image that was exchanged may not be.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..runs.header import DataFacts
from .dataset import Dataset
from .sources import BUILT_IN
from .sources.base import shown
from .sources.hub import PREFIX
from .survey import look

LOOKED_AT = 32  # images whose size, mode and pixels are taken


def identity(data: Dataset, where: str | Path | None) -> DataFacts:
    """What a run records of its images; `where` the user says that they are."""
    source = data.source
    looked = (look(source, index) for index in spread(len(data)))
    return DataFacts(
        where=data.name if where is None else str(where),
        at=None if where is None else absolute(str(where)),
        images=len(data),
        names=_digest(name.encode(errors="surrogateescape") for name in source.images),
        labels=None if data.labels is None else _digest([data.labels.astype("<i8").tobytes()]),
        pixels=tuple(None if isinstance(found, str) else found.digest[:8].hex() for found in looked),
    )


def spread(count: int) -> list[int]:
    """At most 32 places among `count`, the first and the last among them."""
    most = min(LOOKED_AT, count)
    return [place * (count - 1) // max(most - 1, 1) for place in range(most)]


def differences(old: DataFacts, new: DataFacts, data: Dataset) -> Iterator[str]:
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
            example = shown(data.source.images[other[0]])
            yield f"~ {len(other)} of the {len(new.pixels)} images that were looked at, such as {example}"


def absolute(where: str) -> str:
    """The path made absolute, so that a process in any folder finds it; names that are no paths stay."""
    if where in BUILT_IN:
        return where
    if where.startswith(PREFIX):
        name, colon, rest = where.removeprefix(PREFIX).partition(":")
        return f"{PREFIX}{os.path.abspath(name)}{colon}{rest}" if Path(name).exists() else where
    return os.path.abspath(where)


def again(facts: DataFacts) -> str:
    """Where the images of a run are to be looked for: where they were, else what the user called it."""
    if facts.at is None:
        return facts.where
    return facts.where if not Path(facts.at).exists() and Path(facts.where).exists() else facts.at


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        digest.update(part + b"\0")
    return digest.hexdigest()

"""Features of a set of images: piece by piece, by one process or several, always the same numbers."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..distributed.group import ProcessGroup
from ..errors import room_for
from .cached import FeatureCache
from .extractors import Extractor, ExtractorFacts
from .pieces import Piece, content_of, digest_of, made, pieces_of
from .sources import ImageSet

_ALONE = ProcessGroup()


@dataclass(frozen=True)
class FeatureSet:
    """What an extractor makes of images, in their order. The arrays lie in a file that is mapped."""

    extractor: ExtractorFacts
    images: str  # the set's name
    content: str  # digest of all pixels in their order, 32 hexadecimal digits
    features: np.ndarray  # float32 (N, f)
    logits: np.ndarray | None  # float32 (N, classes)
    remarks: tuple[str, ...] = field(default=(), compare=False)  # how images became RGB, and the like

    def __len__(self) -> int:
        return len(self.features)


def features_of(
    extractor: Extractor,
    images: ImageSet,
    *,
    cache: FeatureCache | None = None,
    group: ProcessGroup = _ALONE,
    told: Callable[[int], None] = lambda count: None,
) -> FeatureSet:
    """Features of all images of a set (`sources.first` and `sources.drawn` take some of one).

    Each process of a group makes some of them, and gets all. With a `cache` what was made before is read, and
    what is made is kept. `told` hears how many images are done. Raises what reading the images raises;
    OutOfSpace.
    """
    pieces = pieces_of(images)
    known = cache.contents(images) if cache is not None else None
    contents, remarks = known if known is not None and len(known[0]) == len(pieces) else ([], ())
    into = _Gathered()
    for turn in range(0, len(pieces), group.size):
        at = turn + group.rank
        own = [
            _piece(extractor, images, one, cache, contents[at] if contents else None)
            for one in pieces[at : at + 1]
        ]
        for each in group.gathered(own):
            for piece in each:
                into.add(piece)
        told(pieces[min(turn + group.size, len(pieces)) - 1].stop)
    heard = group.gathered([*remarks, *images.remarks()])
    remarks = tuple(dict.fromkeys(one for each in heard for one in each))
    if cache is not None and group.leads:
        if into.contents != contents:
            cache.remember(images, into.contents, remarks)
        cache.shrink()
        remarks = (*remarks, *cache.remarks)
    return into.all(extractor.facts, images.name, remarks)


def _piece(
    extractor: Extractor, images: ImageSet, places: range, cache: FeatureCache | None, content: bytes | None
) -> Piece:
    """Some images' features, kept or new. Where `content` is known and kept, nobody looks at the images."""
    if cache is not None and content is not None and (kept := cache.get(content, len(places))) is not None:
        return kept
    pixels = images.batch(places.start, places.stop)
    content = digest_of(pixels)
    if cache is None:
        return made(extractor, pixels, content)
    if (kept := cache.get(content, len(places))) is not None:
        return kept
    with cache.alone(content):
        if (kept := cache.get(content, len(places))) is not None:  # another process has just made it
            return kept
        piece = made(extractor, pixels, content)
        cache.put(piece)
    return piece


class _Gathered:
    """Rows as they come, in files without a name."""

    def __init__(self) -> None:
        self.contents: list[bytes] = []
        self._features, self._logits = _Rows(), _Rows()

    def add(self, piece: Piece) -> None:
        self.contents.append(piece.content)
        self._features.add(piece.features)
        if piece.logits is not None:
            self._logits.add(piece.logits)

    def all(self, facts: ExtractorFacts, name: str, remarks: Iterable[str]) -> FeatureSet:
        features = self._features.mapped()
        assert features is not None  # a set has images
        return FeatureSet(
            facts, name, content_of(self.contents), features, self._logits.mapped(), tuple(remarks)
        )


class _Rows:
    """A float32 matrix that grows by rows, in a file that is gone with the last map of it."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._rows, self._columns = 0, 0

    def add(self, rows: np.ndarray) -> None:
        with room_for("features", Path(tempfile.gettempdir())):
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 - `mapped` closes it
            self._file.write(np.ascontiguousarray(rows, dtype=np.float32).data)
            self._file.flush()
        self._rows, self._columns = self._rows + len(rows), rows.shape[1]

    def mapped(self) -> np.ndarray | None:
        """All rows; None where no row came."""
        if self._file is None:
            return None
        with self._file as file:
            data: Any = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return np.frombuffer(data, np.float32).reshape(self._rows, self._columns)

"""Features of a set of images: piece by piece, by one process or several, always the same numbers.

An extractor always sees CHUNK images together, the last ones with others behind them: how many somebody
asked for, and how many processes there are, changes no bit of what it makes of an image.
"""

from __future__ import annotations

import hashlib
import mmap
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import torch

from ..distributed.group import ProcessGroup
from ..errors import DataError, room_for
from .extractors import Extractor, ExtractorFacts
from .sources import ImageSet

CHUNK = 32  # images that an extractor sees together: with 64² to 224², half a gigabyte of activations
PIECE = 256  # images, at most, that are read, hashed and kept together …
PIECE_BYTES = 64 << 20  # … and about so many bytes of pixels
_ALONE = ProcessGroup()


class Piece(NamedTuple):
    """Some images' features."""

    content: bytes  # digest of their pixels
    features: np.ndarray  # float32 (n, f)
    logits: np.ndarray | None  # float32 (n, classes)


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
    group: ProcessGroup = _ALONE,
    told: Callable[[int], None] = lambda count: None,
) -> FeatureSet | None:
    """Features of all images of a set (`sources.first` and `sources.chosen` take some of one).

    Each process of a group makes some of them; the first one gets all, the others None. `told` hears how many
    images are done. Raises what reading the images raises; OutOfSpace.
    """
    pieces = _pieces(images)
    into = _Gathered() if group.leads else None
    for turn in range(0, len(pieces), group.size):
        own = pieces[turn + group.rank : turn + group.rank + 1]
        made = [piece_of(extractor, images.batch(one.start, one.stop)) for one in own]
        for each in group.gathered(made):
            for piece in each:
                if into is not None:
                    into.add(piece)
        told(pieces[min(turn + group.size, len(pieces)) - 1].stop)
    return None if into is None else into.all(extractor.facts, images)


def piece_of(extractor: Extractor, pixels: np.ndarray) -> Piece:
    """Features of uint8 (n, 3, h, w)."""
    features, logits = [], []
    for begin in range(0, len(pixels), CHUNK):
        chunk = torch.from_numpy(pixels[begin : begin + CHUNK])
        filled = torch.cat([chunk, chunk[-1:].expand(CHUNK - len(chunk), -1, -1, -1)])
        made = extractor(filled)
        features.append(made.features[: len(chunk)].cpu().numpy())
        if made.logits is not None:
            logits.append(made.logits[: len(chunk)].cpu().numpy())
    return Piece(digest_of(pixels), np.concatenate(features), np.concatenate(logits) if logits else None)


def digest_of(pixels: np.ndarray) -> bytes:
    """What tells images of 8 bits from others, 16 bytes."""
    found = hashlib.blake2b(str(pixels.shape[1:]).encode(), digest_size=16)
    found.update(np.ascontiguousarray(pixels).data)
    return found.digest()


def _pieces(images: ImageSet) -> list[range]:
    """The numbers of the images of each piece; they follow from the set alone, not from who asks."""
    if not len(images):
        raise DataError(f"{images.name} has no images", "give a set that has some")
    fitting = PIECE_BYTES // (3 * images.size[0] * images.size[1]) // CHUNK * CHUNK
    step = min(max(fitting, CHUNK), PIECE)
    return [range(begin, min(begin + step, len(images))) for begin in range(0, len(images), step)]


class _Gathered:
    """Rows as they come, in files without a name, and their digest."""

    def __init__(self) -> None:
        self._content = hashlib.blake2b(digest_size=16)
        self._features, self._logits = _Rows(), _Rows()

    def add(self, piece: Piece) -> None:
        self._content.update(piece.content)
        self._features.add(piece.features)
        if piece.logits is not None:
            self._logits.add(piece.logits)

    def all(self, facts: ExtractorFacts, images: ImageSet) -> FeatureSet:
        features = self._features.mapped()
        assert features is not None  # a set has images
        return FeatureSet(
            facts, images.name, self._content.hexdigest(), features, self._logits.mapped(), images.remarks()
        )


class _Rows:
    """A float32 matrix that grows by rows, in a file that is gone with the last map of it."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._rows, self._columns = 0, 0

    def add(self, rows: np.ndarray) -> None:
        place = Path(tempfile.gettempdir())
        with room_for("features", place):
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 - `mapped` closes it
            self._file.write(np.ascontiguousarray(rows, dtype=np.float32).data)
            self._file.flush()
        self._rows, self._columns = self._rows + len(rows), rows.shape[1]

    def mapped(self) -> np.ndarray | None:
        """Raises nothing where no row came: None."""
        if self._file is None:
            return None
        with self._file as file:
            data: Any = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return np.frombuffer(data, np.float32).reshape(self._rows, self._columns)

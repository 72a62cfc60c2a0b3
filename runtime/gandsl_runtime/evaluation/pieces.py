"""The features of a few hundred images: what is read, made and kept in one go.

An extractor always sees CHUNK images together, the last ones with others behind them: how many somebody
asked for, and how many processes there are, changes no bit of what it makes of an image.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import torch

from ..errors import DataError
from .extractors import Extractor
from .sources import ImageSet

CHUNK = 32  # images that an extractor sees together: with 64² to 224², half a gigabyte of activations
MOST = 256  # images of a piece, at most …
MOST_BYTES = 64 << 20  # … and about so many bytes of pixels


class Piece(NamedTuple):
    """Some images' features."""

    content: bytes  # digest of their pixels
    features: np.ndarray  # float32 (n, f)
    logits: np.ndarray | None  # float32 (n, classes)


def pieces_of(images: ImageSet) -> list[range]:
    """The numbers of the images of each piece; they follow from the set alone, not from who asks.

    Raises DataError where there are none.
    """
    if not len(images):
        raise DataError(f"{images.name} has no images", "give a set that has some")
    fitting = MOST_BYTES // (3 * images.size[0] * images.size[1]) // CHUNK * CHUNK
    step = min(max(fitting, CHUNK), MOST)
    return [range(begin, min(begin + step, len(images))) for begin in range(0, len(images), step)]


def made(extractor: Extractor, pixels: np.ndarray, content: bytes) -> Piece:
    """Of uint8 (n, 3, h, w), whose digest is `content`."""
    features, logits = [], []
    for begin in range(0, len(pixels), CHUNK):
        chunk = torch.from_numpy(pixels[begin : begin + CHUNK])
        found = extractor(torch.cat([chunk, chunk[-1:].expand(CHUNK - len(chunk), -1, -1, -1)]))
        features.append(found.features[: len(chunk)].cpu().numpy())
        if found.logits is not None:
            logits.append(found.logits[: len(chunk)].cpu().numpy())
    return Piece(content, np.concatenate(features), np.concatenate(logits) if logits else None)


def digest_of(pixels: np.ndarray) -> bytes:
    """What tells images of 8 bits from others, 16 bytes."""
    found = hashlib.blake2b(str(pixels.shape[1:]).encode(), digest_size=16)
    found.update(np.ascontiguousarray(pixels).data)
    return found.digest()


def content_of(contents: Iterable[bytes]) -> str:
    """What tells a set from others, by the digests of its pieces in their order: 32 hexadecimal digits."""
    return hashlib.blake2b(b"".join(contents), digest_size=16).hexdigest()

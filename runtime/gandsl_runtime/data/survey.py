"""What a set of images holds: sizes, modes, classes, copies, and the files that can't be read."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from math import gcd
from typing import NamedTuple

import numpy as np

from ..errors import DataError
from .fitting import Unreadable, transparent, upright
from .labels import Labels
from .levels import depth_and_peak
from .parallel import over_images
from .sources import Source

CHANNELS = {"1": 1, "L": 1, "I": 1, "LA": 2, "La": 2, "PA": 4, "RGBA": 4, "RGBa": 4}  # others: 3


class ImageFacts(NamedTuple):
    """One image."""

    size: tuple[int, int]  # (h, w), upright
    mode: str  # Pillow's
    channels: int
    format: str
    digest: bytes  # of the pixels: two files with other bytes may hold the same image
    depth: int  # bits
    peak: int  # the highest value of a colour


@dataclass
class Survey:
    """A set of images, counted. What is said of sizes, modes and classes leaves broken images out."""

    source: Source
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)  # (h, w)
    modes: Counter[str] = field(default_factory=Counter)
    channels: Counter[int] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    peaks: dict[int, int] = field(default_factory=dict)  # bits → the highest value in images of so many
    broken: list[tuple[str, str]] = field(default_factory=list)  # image, reason
    copies: dict[str, list[str]] = field(default_factory=dict)  # image → later ones with the same pixels
    labels: Labels | None = None
    labels_fault: DataError | None = None  # why the labels can't be used

    @property
    def aspects(self) -> Counter[tuple[int, int]]:
        """Height : width, reduced."""
        found: Counter[tuple[int, int]] = Counter()
        for (h, w), count in self.sizes.items():
            found[h // gcd(h, w), w // gcd(h, w)] += count
        return found

    @property
    def classes(self) -> dict[int, int]:
        """Class → its images, broken ones too; empty without labels."""
        if self.labels is None:
            return {}
        numbers, counts = np.unique(self.labels.numbers, return_counts=True)
        return dict(zip(numbers.tolist(), counts.tolist(), strict=True))


def survey(source: Source, workers: int = 0, told: Callable[[int], None] = lambda count: None) -> Survey:
    """Look at every image, with `workers` processes; `told` hears how many have been looked at."""
    found = Survey(source)
    try:
        found.labels = source.labels()
    except DataError as fault:
        found.labels_fault = fault
    first: dict[bytes, int] = {}
    for index, facts in enumerate(over_images(source, look, workers)):
        told(index + 1)
        if isinstance(facts, str):
            found.broken.append((source.images[index], facts))
        else:
            found.sizes[facts.size] += 1
            found.modes[facts.mode] += 1
            found.channels[facts.channels] += 1
            found.formats[facts.format] += 1
            found.peaks[facts.depth] = max(facts.peak, found.peaks.get(facts.depth, 0))
            if (earlier := first.setdefault(facts.digest, index)) != index:
                found.copies.setdefault(source.images[earlier], []).append(source.images[index])
    return found


def look(source: Source, index: int) -> ImageFacts | str:
    """What an image is, or why it can't be read."""
    try:
        image = upright(source, index)
    except Unreadable as fault:
        return fault.why
    content = hashlib.blake2b(f"{image.mode} {image.size}".encode(), digest_size=16)
    content.update(image.tobytes())
    channels = CHANNELS.get(image.mode.split(";")[0], 3)
    if channels == 3 and transparent(image):
        channels = 4
    of = image.format or "raw"
    return ImageFacts(
        (image.height, image.width), image.mode, channels, of, content.digest(), *depth_and_peak(image)
    )

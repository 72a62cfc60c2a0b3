"""Whether the values of images reach white: 12 bits in files of 16 are nearly black."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from PIL import Image

from .dataset import Dataset
from .fitting import WHITE, Unreadable, deep, upright, with_mode

DARK = 1 / 4  # of white: no photograph stays below; 14 bits of 16 do
LOOKED_AT = 8  # images, at the start of a run: decoding large ones takes time


def depth_and_peak(image: Image.Image) -> tuple[int, int]:
    """Bits of an image, 8 or 16, and the highest value of its colours."""
    if deep(image):
        return 16, int(np.asarray(image).max(initial=0).clip(0, WHITE))
    plain = image if image.mode in ("L", "RGB") else with_mode(image, "RGB")
    return 8, int(np.max(plain.getextrema()))


def said(peaks: Mapping[int, int], white: int = WHITE) -> Iterator[str]:
    """What the highest values (by bits) mean for training with this `training.data.white`."""
    if (peak := peaks.get(16)) is not None:
        if peak > white:
            yield f"values of 16-bit images go to {peak:,}, and training.data.white: {white} cuts them there"
        elif peak < DARK * white:
            bits = max(int(peak).bit_length(), 1)
            yield (
                f"values of 16-bit images use {peak + 1:,} of {white + 1:,} levels, so that they are nearly "
                f"black: with training.data.white: {2**bits - 1} that value is white"
            )
    if (peak := peaks.get(8)) is not None and peak < DARK * 255:
        yield (
            f"values of 8-bit images use {peak + 1} of 256 levels, so that they are nearly black: "
            "write the files anew with their whole range"
        )


def sampled(data: Dataset) -> dict[int, int]:
    """The highest values, by bits, of some images spread over a set."""
    peaks: dict[int, int] = {}
    for index in sorted({int(i) for i in np.linspace(0, len(data) - 1, LOOKED_AT)}):
        try:
            depth, peak = depth_and_peak(upright(data.source, index))
        except Unreadable:  # the trainer complains when it comes to it
            continue
        peaks[depth] = max(peak, peaks.get(depth, 0))
    return peaks

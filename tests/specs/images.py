"""Random images to train on, in memory."""

from __future__ import annotations

import numpy as np

from gandsl_runtime.data.sources import Arrays, NamedArrays


def random_images(shape: tuple[int, ...], classes: int = 0, count: int = 8) -> Arrays | NamedArrays:
    """shape: (channels, height, width); or of signals (channels, length), of volumes four numbers."""
    draw = np.random.default_rng(0)
    if len(shape) == 2:
        return NamedArrays({"image": draw.uniform(-1, 1, (count, *shape)).astype(np.float32)})
    if len(shape) == 4:
        return NamedArrays({"image": draw.integers(0, 256, (count, *shape), dtype=np.uint8)})
    channels, height, width = shape
    labels = np.arange(count) % classes if classes else None
    space = (height, width) if channels == 1 else (height, width, channels)
    return Arrays(draw.integers(0, 256, (count, *space), dtype=np.uint8), labels)

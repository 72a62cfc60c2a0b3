"""A source's images at one size and channel count, decoded one at a time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from ..errors import DataError
from .labels import labels_of
from .sources import Source, open_source

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
FILTER = Image.Resampling.LANCZOS


@dataclass(frozen=True)
class Dataset:
    """Images as uint8 (c, h, w) with their labels.

    An image of another aspect is center-cropped to (h, w)'s, then resized with Pillow's LANCZOS filter (which
    averages when it shrinks). Where no alpha channel is wanted, transparent pixels are laid over white.
    """

    source: Source
    shape: tuple[int, int, int]  # (c, h, w)
    labels: np.ndarray | None  # int64 (n,)

    def __len__(self) -> int:
        return len(self.source.images)

    @property
    def name(self) -> str:
        return self.source.name

    def image(self, index: int) -> np.ndarray:
        """uint8 (c, h, w). Raises DataError naming the file when it can't be read."""
        try:
            with self.source.open(index) as image:
                return _fitted(image, self.shape)
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise DataError(
                f"can't read {self.source.images[index]} of {self.name}: {error}",
                "repair or remove the file, then resume",
            ) from error

    def class_counts(self) -> np.ndarray | None:
        """The number of images of each class up to the highest one present."""
        return None if self.labels is None else np.bincount(self.labels)


def open_dataset(where: str | Path | Source, shape: tuple[int, int, int], classes: int = 0) -> Dataset:
    """Images of a folder, a zip, a built-in set (`mnist`) or a source, as uint8 `shape` = (c, h, w).

    With `classes` the labels are read too. Raises DataError, MissingExtra.
    """
    if shape[0] not in MODES:
        raise DataError(
            f"image files have 1 to 4 channels, the networks want {shape[0]}", "train a spec with 1 to 4"
        )
    source = open_source(where) if isinstance(where, str | Path) else where
    return Dataset(source, shape, labels_of(source, classes) if classes else None)


def _fitted(image: Image.Image, shape: tuple[int, int, int]) -> np.ndarray:
    channels, h, w = shape
    image = _with_mode(ImageOps.exif_transpose(image), MODES[channels])
    if image.size != (w, h):
        # the largest box of the wanted aspect, in the middle
        scale = min(image.width / w, image.height / h)
        box_w, box_h = max(round(w * scale), 1), max(round(h * scale), 1)
        left, top = (image.width - box_w) // 2, (image.height - box_h) // 2
        image = image.crop((left, top, left + box_w, top + box_h)).resize((w, h), FILTER)
    pixels = np.asarray(image)
    return np.ascontiguousarray(pixels.reshape(h, w, channels).transpose(2, 0, 1))


def _with_mode(image: Image.Image, mode: str) -> Image.Image:
    if image.mode == mode:
        return image
    if image.mode.startswith("I"):  # 16 bits: Pillow's own conversion would clip them
        image = Image.fromarray((np.asarray(image).clip(0, 65535) / 257).round().astype(np.uint8))
    if image.mode == "F":
        raise ValueError("its pixels are floats; 8 or 16 bits are wanted")
    transparent = image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info
    if transparent and mode not in ("RGBA", "LA"):
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert(mode)

"""From an image of any size and mode to pixels of the wanted size and channels."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ..errors import DataError
from .sources.base import Source, shown

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
FILTERS = {filter.name.lower(): filter for filter in Image.Resampling}
FILTER = Image.Resampling.LANCZOS  # averages when it shrinks

# What Pillow and the readers of archives raise for files that are damaged, hostile or something else.
UNREADABLE = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError),
    *(RuntimeError, MemoryError, struct.error, zlib.error, zipfile.BadZipFile, Image.DecompressionBombError),
)

Size = tuple[int, int]  # (h, w)
WHITE = 65535  # of 16 bits


class Unreadable(DataError):
    """An image that can't be read, and why."""

    why = ""


def unreadable(source: Source, index: int, why: str) -> Unreadable:
    """The fault of one image."""
    fault = Unreadable(
        f"can't read {shown(source.images[index])} of {source.name}: {why}",
        "repair or replace the file, then resume; with training.data.broken: skip a run goes on without it",
    )
    fault.why = why
    return fault


def upright(source: Source, index: int) -> Image.Image:
    """An image of a source, decoded whole and turned as its EXIF says. Raises Unreadable, for floats too."""
    try:
        with source.open(index) as image:
            image.load()
            if image.mode == "F":
                raise ValueError("its pixels are floats; 8 or 16 bits are wanted")
            if not image.info:  # no EXIF in any form: nothing to turn, and no copy to make
                return image
            turned = ImageOps.exif_transpose(image)
            turned.format = image.format
            return turned
    except UNREADABLE as error:
        raise unreadable(source, index, reason(error)) from error


def reason(error: BaseException) -> str:
    """Why an image can't be read, in words that are the same each time."""
    if isinstance(error, UnidentifiedImageError):
        return "it is no image, or is cut short at its start"
    if isinstance(error, Image.DecompressionBombError) and (count := re.search(r"\d+", str(error))):
        most = 2 * (Image.MAX_IMAGE_PIXELS or 0)
        return f"it has {int(count[0]):,} pixels, and at most {most:,} are read: shrink or cut it"
    if isinstance(error, MemoryError):
        return "it needs more memory than there is"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__


def pixels(image: Image.Image, size: Size, channels: int, white: int = WHITE) -> np.ndarray:
    """uint8 (c, h, w), as training sees the image: center-cropped to the aspect, resized by FILTER."""
    image = cropped(with_mode(image, MODES[channels], white), size, FILTER)
    array = np.asarray(image)
    return array[None] if channels == 1 else array.transpose(2, 0, 1)


def with_mode(image: Image.Image, mode: str, white: int = WHITE) -> Image.Image:
    """The image with other channels: 16 bits from 0 to `white` become 8; without alpha, white lies below."""
    if image.mode == mode:
        return image
    if deep(image):  # Pillow's own conversion would clip them
        image = Image.fromarray((np.asarray(image).clip(0, white) * (255 / white)).round().astype(np.uint8))
    if transparent(image) and mode not in ("RGBA", "LA"):
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert(mode)


def deep(image: Image.Image) -> bool:
    """Whether the image has 16 bits, which only gray images have here."""
    return image.mode.startswith("I")


def transparent(image: Image.Image) -> bool:
    """Whether the image has an alpha channel, or a colour that stands for transparency."""
    return image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info


def cropped(image: Image.Image, size: Size, filter: Image.Resampling) -> Image.Image:
    """The largest box of the wanted aspect, in the middle, resized."""
    h, w = size
    if image.size == (w, h):
        return image
    scale = min(image.width / w, image.height / h)
    box_w, box_h = max(round(w * scale), 1), max(round(h * scale), 1)
    left, top = (image.width - box_w) // 2, (image.height - box_h) // 2
    return image.crop((left, top, left + box_w, top + box_h)).resize((w, h), filter)


def squeezed(image: Image.Image, size: Size, filter: Image.Resampling) -> Image.Image:
    """The whole image, resized to the wanted size whatever its aspect."""
    h, w = size
    return image if image.size == (w, h) else image.resize((w, h), filter)


def padded(image: Image.Image, size: Size, filter: Image.Resampling) -> Image.Image:
    """The whole image, as large as fits, in the middle of black (of nothing, with alpha)."""
    h, w = size
    scale = min(w / image.width, h / image.height)
    inner_w, inner_h = (
        min(max(round(side * scale), 1), most) for side, most in zip(image.size, (w, h), strict=True)
    )
    canvas = Image.new(image.mode, (w, h))
    canvas.paste(squeezed(image, (inner_h, inner_w), filter), ((w - inner_w) // 2, (h - inner_h) // 2))
    return canvas


CROPS: dict[str, Callable[[Image.Image, Size, Image.Resampling], Image.Image]] = {
    "center": cropped,
    "none": squeezed,
    "pad": padded,
}

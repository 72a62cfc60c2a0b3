"""Images of 1 to 4 channels as red, green and blue: the only ones that extractors know."""

from __future__ import annotations

import numpy as np

from ..data.fitting import MODES
from ..errors import DataError


def as_rgb(images: np.ndarray) -> np.ndarray:
    """uint8 (N, 3, h, w) of (N, c, h, w): gray in all three; what is transparent lies over white.

    Of 1 (gray), 2 (gray, alpha), 3 or 4 (colour, alpha) channels. Raises DataError for others.
    """
    channels = images.shape[1]
    if channels not in MODES:
        raise DataError(
            f"the images have {channels} channels, and metrics see gray or colour", "give images of 1 to 4"
        )
    colours = images
    if channels in (2, 4):
        alpha = images[:, -1:].astype(np.uint16)
        laid = images[:, :-1] * alpha + 255 * (255 - alpha)
        colours = ((laid + 127) // 255).astype(np.uint8)
    return np.broadcast_to(colours, (len(colours), 3, *colours.shape[2:])) if channels < 3 else colours


RGB = {
    1: "gray: the same in red, green and blue",
    2: "gray, with alpha: laid over white",
    4: "colour, with alpha: laid over white",
}
"""What `as_rgb` does to images of so many channels."""

"""Formats of files that sampling reads and writes, by their endings. Imports neither torch nor Pillow."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import RuntimeFault


@dataclass(frozen=True)
class Format:
    """A format of files: Pillow's name of it, how it is written, and what it holds."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    side: int = 2**31 - 1  # pixels
    alpha: bool = True


_JPEG = Format("JPEG", {"quality": 95, "subsampling": 0}, 65_500, alpha=False)
FORMATS = {
    ".png": Format("PNG"),
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".webp": Format("WEBP", {"lossless": True, "exact": True}, 16_383),
}
LATENTS = (".npz", ".safetensors")


class UnfitImage(RuntimeFault):
    """A format that does not hold such images."""

    exit_code = 2


class NoFormat(RuntimeFault):
    """A format that Pillow was built without."""

    exit_code = 6


class NoLatents(RuntimeFault):
    """A file whose name is none of latents."""

    exit_code = 2


def latents_suffix(path: Path) -> str:
    """The ending of a file of latents, one of LATENTS. Raises NoLatents."""
    if (suffix := path.suffix.lower()) not in LATENTS:
        raise NoLatents(f"{path} is no file of latents", f"those end in {' or '.join(LATENTS)}")
    return suffix


def check_format(suffix: str, channels: int, size: tuple[int, int]) -> None:
    """Raise UnfitImage where files of this ending can't hold images of so many channels and (h, w) pixels."""
    form = FORMATS[suffix.lower()]
    if not form.alpha and channels in (2, 4):
        raise UnfitImage(f"{form.name} holds no transparency, and the images have it", "write .png or .webp")
    if max(size) > form.side:
        raise UnfitImage(
            f"{size[1]} × {size[0]} pixels are more than {form.name} holds, {form.side} a side",
            "write .png, or fewer images",
        )
    from PIL import features

    if form.name == "WEBP" and not features.check("webp"):
        raise NoFormat("this Pillow was built without WebP", "write .png or .jpg")

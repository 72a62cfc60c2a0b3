"""Image grids as a page holds them: some of many, and large ones as JPEG, so that its size is bounded."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from gandsl_runtime.system.files import read

MOST = 24  # grids of a run
AS_IT_IS = 120_000  # bytes up to which a PNG is taken so
WIDEST = 1280  # pixels of one that is not
QUALITY = 88  # of JPEG


@dataclass(frozen=True)
class Shown:
    """A grid for the page: what an <img> takes."""

    images: int
    source: str  # a data: URL
    width: int
    height: int
    faithful: bool  # the file itself


def chosen(images: list[int], most: int) -> list[int]:
    """The first, the last, and of the others those nearest to equal steps between them."""
    if len(images) <= most or most < 2:
        return images[-most:] if most else []
    begin, end = images[0], images[-1]
    wanted = (begin + (end - begin) * place / (most - 1) for place in range(most))
    return sorted({min(images, key=lambda at: abs(at - place)) for place in wanted})


def shown(grids: Mapping[int, Path], most: int = MOST) -> tuple[list[Shown], int]:
    """Grids for the page, and how many of those chosen can't be read."""
    found = [embedded(images, grids[images]) for images in chosen(sorted(grids), most)]
    return [one for one in found if one is not None], found.count(None)


def embedded(images: int, path: Path) -> Shown | None:
    """One grid; None where the file is no image that can be read."""
    from PIL import Image

    try:
        content = read(path)
        with Image.open(BytesIO(content), formats=("PNG",)) as image:
            image.load()
            width, height = image.size
            if len(content) <= AS_IT_IS:
                return Shown(images, _url("png", content), width, height, True)
            small = image.convert("RGB")
            small.thumbnail((WIDEST, WIDEST * 4), Image.Resampling.LANCZOS)
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        return None
    packed = BytesIO()
    small.save(packed, "JPEG", quality=QUALITY)
    return Shown(images, _url("jpeg", packed.getvalue()), width, height, False)


def _url(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{b64encode(content).decode()}"

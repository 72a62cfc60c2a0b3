"""A picture of what a run gives, of held-out items where it takes any: docs/images/zoo_NAME.png."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image

from bench.zoo import measures
from bench.zoo.run import Run

SHOWN = 12


def picture(name: str, run: Run) -> Image.Image:
    """Rows of images, told by docs/results.md; of those below 64 pixels a side each pixel doubled."""
    rows = [_colored(row[:SHOWN]) for row in PICTURES[name](run)]
    whole = np.concatenate([np.concatenate(list(row), axis=1) for row in rows])
    times = 2 if rows[0].shape[1] < 64 else 1
    return Image.fromarray(whole.repeat(times, axis=0).repeat(times, axis=1))


def _codes(run: Run) -> Sequence[np.ndarray]:
    """A row for each class of the code."""
    numbers = np.random.default_rng(0).uniform(-1, 1, (10 * SHOWN, 2)).astype(np.float32)
    kinds = np.repeat(np.arange(10), SHOWN)
    return list(run.of_rows({"kind": kinds, "code": numbers}).reshape(10, SHOWN, 28, 28))


def _circle(run: Run) -> Sequence[np.ndarray]:
    """Points of angles that no training point has, beside those of the data; larger angles are brighter."""
    held = run.arrays()
    made = run.of_rows({"label": held["label"]}).reshape(-1, 2)
    plots = []
    for points in (made, held["point"]):
        plot = np.full((160, 160), 255, dtype=np.uint8)
        places = ((points + 1.3) / 2.6 * 159).round().astype(int).clip(0, 159)
        plot[159 - places[:, 1], places[:, 0]] = (200 * held["label"][:, 0]).astype(np.uint8)
        plots.append(plot)
    return [np.stack(plots)]


def _samples(run: Run) -> Sequence[np.ndarray]:
    """The first 24 samples, held-out images below them."""
    made = run.made("--seeds", f"0-{2 * SHOWN - 1}")
    return [made[:SHOWN], made[SHOWN:], run.arrays()["image"]]


def _solids(run: Run) -> Sequence[np.ndarray]:
    """Seen from the front and from the side: how much lies behind each pixel; below them held-out ones."""
    made = run.made("--seeds", f"0-{SHOWN - 1}").reshape(-1, 16, 16, 16)
    held = run.arrays()["image"].reshape(-1, 16, 16, 16) / 255
    return [
        (255 * part[:SHOWN].mean(axis)).clip(0, 255).astype(np.uint8)
        for part in (made, held)
        for axis in (1, 3)
    ]


def _bands(run: Run) -> Sequence[np.ndarray]:
    """Mel bands of held-out sounds, of those made of them, and of Griffin and Lim's."""
    bands = measures.log_mel(run.arrays()["sound"][:SHOWN])
    made = run.of_rows({"heard": bands}).reshape(len(bands), 1, -1)
    rows = (bands, measures.log_mel(made), measures.log_mel(measures.griffin_lim(bands)))
    return [(255 * (row[:, ::-1] + 11.5) / 13).clip(0, 255).astype(np.uint8) for row in rows]


def _again(run: Run) -> Sequence[np.ndarray]:
    return [run.arrays()["image"], run.of_held()]


def _drawn(run: Run) -> Sequence[np.ndarray]:
    held = run.arrays()
    return [held["edges"], run.of_held(), held["image"]]


def _styles(run: Run) -> Sequence[np.ndarray]:
    held = run.arrays()
    return [held["a"], run.of_images(held["a"], "--network", "to_b"), held["b"]]


def _mended(images: measures.Images) -> Sequence[np.ndarray]:
    """Those with the most to see."""
    steep = np.argsort([-np.abs(np.diff(image.astype(int), axis=1)).mean() for image in images[-1]])
    return [part[steep] for part in images]


def _colored(row: np.ndarray) -> np.ndarray:
    return row if row.ndim == 4 else row[..., None].repeat(3, axis=3)


PICTURES: dict[str, Callable[[Run], Sequence[np.ndarray]]] = {
    "ccgan": _circle,
    "cyclegan": _styles,
    "dcgan": _samples,
    "fastgan": _samples,
    "hifi_gan": _bands,
    "infogan": _codes,
    "kl_autoencoder": _again,
    "pix2pix": _drawn,
    "projected_gan": _samples,
    "real_esrgan": lambda run: _mended(measures.mended_images(run)),
    "srgan": lambda run: _mended(measures.enlarged_images(run)),
    "vaegan": _again,
    "volumes_3dgan": _solids,
    "vqgan": _again,
}

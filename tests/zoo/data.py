"""Random items of whatever fields a game wants, as arrays in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from gandsl_runtime.data.sources.named import NamedArrays
from gandsl_runtime.plan.game import DataField

COUNT = 20
Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def _bytes(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.integers(0, 256, (COUNT, *shape), dtype=np.uint8)


def _floats(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(0, 1, (COUNT, *shape)).astype(np.float32)


def _image(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    channels, height, width = shape
    return _bytes(rng, (height, width) if channels == 1 else (height, width, channels))


DRAWS: dict[str, Draw] = {  # by kind; in an item every class occurs, and a third of a mask is one
    "Image": _image,
    "Mask": lambda rng, shape: (_floats(rng, shape[1:]) < 1 / 3).astype(np.uint8),
    "Classes": lambda rng, shape: rng.integers(0, shape[0], (COUNT, *shape[1:]), dtype=np.uint8),
    "Label": lambda rng, shape: np.arange(COUNT) % shape[0],
    "Number": _floats,
    "Vector": _floats,
    "Tokens": _floats,
    "Signal": _floats,
    "Feature": _floats,
    "Volume": _floats,
}


def random_sets(fields: Mapping[str, DataField], seed: int = 0) -> NamedArrays | dict[str, NamedArrays]:
    """A set for each that the fields are of. Of an image that is read in two sizes there is the larger."""
    rng, sets = np.random.default_rng(seed), dict[str, dict[str, np.ndarray]]()
    for name, field in sorted(fields.items(), key=lambda one: -int(np.prod(one[1].shape))):
        if not field.origin:
            draw = _bytes if field.kind == "Volume" and field.range is None else DRAWS[field.kind]
            sets.setdefault(field.set, {}).setdefault(field.field or name, draw(rng, field.shape))
    found = {name: NamedArrays(arrays) for name, arrays in sets.items()}
    return found[""] if list(found) == [""] else found

"""Fields of every kind for tests: values, the files that hold them, and what a batch should have of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np

from gandsl_runtime.plan.game import DataField
from tests.runtime.helpers import png

COUNT = 7  # items


def npy(array: Any) -> bytes:
    out = BytesIO()
    np.save(out, np.asarray(array))
    return out.getvalue()


@dataclass(frozen=True)
class Case:
    """A field, the value of each item as an array, its file, and the array that a batch should have."""

    of: DataField
    value: Callable[[np.random.Generator, int], np.ndarray]
    file: Callable[[np.ndarray], bytes]
    end: str
    expected: Callable[[np.ndarray], np.ndarray]

    def values(self) -> list[np.ndarray]:
        rng = np.random.default_rng(5)
        return [self.value(rng, place) for place in range(COUNT)]

    def rows(self) -> list[np.ndarray]:
        return [self.expected(value) for value in self.values()]


def bytes_(*shape: int) -> Callable[[np.random.Generator, int], np.ndarray]:
    return lambda rng, place: rng.integers(0, 256, shape, dtype=np.uint8)


def _padded(tokens: np.ndarray) -> np.ndarray:
    return np.concatenate([tokens, np.zeros((5 - len(tokens), 3), np.float32)])


def _floats(*shape: int) -> Callable[[np.random.Generator, int], np.ndarray]:
    return lambda rng, place: rng.standard_normal(shape).astype(np.float32)


CASES: dict[str, Case] = {
    "image": Case(
        DataField("Image", (3, 4, 6)), bytes_(4, 6, 3), png, ".png", lambda x: x.transpose(2, 0, 1)
    ),
    "gray": Case(DataField("Image", (1, 4, 6)), bytes_(4, 6), png, ".png", lambda x: x[None]),
    "bands": Case(  # more channels than an image file has
        DataField("Image", (7, 4, 6)), bytes_(7, 4, 6), npy, ".npy", lambda x: x
    ),
    "deep": Case(  # 12 bits in 16
        DataField("Image", (1, 4, 6), range=(0, 4095)),
        lambda rng, place: rng.integers(0, 4096, (4, 6), dtype=np.uint16),
        npy,
        ".npy",
        lambda x: x[None] / np.float32(4095),
    ),
    "height": Case(  # floats, of a stated range; what lies beyond is cut there
        DataField("Image", (1, 4, 6), range=(-1, 1)),
        _floats(4, 6),
        npy,
        ".npy",
        lambda x: (x.clip(-1, 1)[None] + 1) / 2,
    ),
    "mask": Case(
        DataField("Mask", (1, 4, 6)),
        lambda rng, place: rng.integers(0, 2, (4, 6)).astype(np.uint8) * 255,
        png,
        ".png",
        lambda x: x[None] // 255,
    ),
    "map": Case(
        DataField("Classes", (9, 4, 6)),
        lambda rng, place: rng.integers(0, 9, (4, 6), dtype=np.uint8),
        png,
        ".png",
        lambda x: x,
    ),
    "volume": Case(
        DataField("Volume", (1, 3, 4, 6), range=(0, 1)),
        lambda rng, place: rng.random((3, 4, 6), dtype=np.float32),
        npy,
        ".npy",
        lambda x: x[None],
    ),
    "latent": Case(DataField("Feature", (4, 2, 3)), _floats(4, 2, 3), npy, ".npy", lambda x: x),
    "sound": Case(DataField("Signal", (2, 10)), _floats(2, 10), npy, ".npy", lambda x: x),
    "y": Case(
        DataField("Label", (3,)),
        lambda rng, place: np.array(place % 3),
        lambda value: str(value).encode(),
        ".cls",
        lambda x: x,
    ),
    "age": Case(
        DataField("Number", ()),
        lambda rng, place: np.array(place / 4, np.float32),
        lambda value: f"{value}\n".encode(),
        ".txt",
        lambda x: x,
    ),
    "pose": Case(DataField("Vector", (4,)), _floats(4), npy, ".npy", lambda x: x),
    "text": Case(
        DataField("Tokens", (5, 3)),
        lambda rng, place: rng.standard_normal((2 + place % 4, 3)).astype(np.float32),
        npy,
        ".npy",
        _padded,
    ),
}
FIELDS = {name: case.of for name, case in CASES.items()}


def files(layout: str, names: Any = CASES) -> dict[str, bytes]:
    """The files of all items, `folders` or `suffixes` saying of which field each is."""
    found: dict[str, bytes] = {}
    for name in names:
        case = CASES[name]
        for place, value in enumerate(case.values()):
            item = f"{place:03d}"
            path = f"{name}/{item}{case.end}" if layout == "folders" else f"{item}.{name}{case.end}"
            found[path] = case.file(value)
    return found


def arrays(names: Any = CASES) -> dict[str, np.ndarray]:
    """Arrays by name, of fields whose values have one shape."""
    return {name: np.stack(CASES[name].values()) for name in names if name != "text"}


EVERYTHING = """\
gandsl: 1
name: everything
data:
  image: {type: "Image[3, [4, 6]]", set: a}
  gray: {type: "Image[1, [4, 6]]", set: a}
  mask: {type: "Mask[1, [4, 6]]", set: a}
  map: {type: "Classes[9, [4, 6]]", set: a}
  ref: {type: "Image[3, [4, 6]]", set: a, field: image, partner: y}
  low:
    type: "Image[3, [2, 3]]"
    of: image
    steps: [{op: noise, strength: [1, 30]}, {op: jpeg, quality: [30, 95]}, {op: resize, filter: area}]
  low_ref: {type: "Image[3, [4, 6]]", of: ref, steps: [{op: shot_noise, scale: [0.1, 2]}]}
  wrong: {type: "Tokens[5, 3]", set: a, field: text, stream: other}
  text: {type: "Tokens[5, 3]", set: b}
  there: {type: "Vector[5]", set: b, mask: text}
  deep: {type: "Image[1, [4, 6]]", set: b, range: [0, 4095]}
  height: {type: "Image[1, [4, 6]]", set: b, range: [-1, 1]}
  bands: {type: "Image[7, [4, 6]]", set: b}
  volume: {type: "Volume[1, [3, 4, 6]]", set: b, range: [0, 1]}
  sound: {type: "Signal[2, 10]", set: b}
  y: {type: "Label[3]", set: b}
  age: {type: Number, set: b}
  pose: {type: "Vector[4]", set: b}
networks:
  painter:
    inputs: {gray: "Image[1, [4, 6]]", map: "Classes[9, [4, 6]]", mask: "Mask[1, [4, 6]]"}
    body:
      hot: {op: one_hot, y: map}
      joined: {op: concat, terms: [gray, hot, mask]}
      image: {op: conv, channels: 3}
    outputs: {image: {of: image, kind: Image}}
  judge:
    inputs: {image: "Image[3, [4, 6]]"}
    body: {logit: {op: conv, channels: 1}}
  reader:
    inputs: {pose: "Vector[4]", y: "Label[3]"}
    body:
      hot: {op: one_hot, y: y}
      joined: {op: concat, terms: [pose, hot]}
      said: {op: linear, features: 1}
game:
  body:
    fake: {network: painter, gray: gray, map: map, mask: mask}
    real: {network: judge, image: image}
    said: {network: judge, image: fake}
    adversarial: {block: loss.hinge, real: real, fake: said}
    read: {network: reader, pose: pose, y: y}
    computed: mean(low) + mean(low_ref)
    sums: computed + mean(deep) + mean(height) + mean(bands) + mean(volume) + mean(sound) + mean(age)
    texts: mean(text) + mean(there) + mean(wrong)
  players:
    judge:
      trains: [judge]
      terms:
        adversarial: adversarial.discriminator
        lazy: {value: mean(real ** 2), every: 2 steps}
    painter:
      trains: [painter]
      terms: {adversarial: adversarial.generator, near: mean(abs(fake - ref))}
    reader:
      trains: [reader]
      steps: 2
      terms: {away: mean((read - sums - texts) ** 2)}
  logs: {mean/sums: sums}
  shows: [image, fake, ref]
  watches: {real: real, fake: said, samples: fake, items: image}
training:
  length: 6 steps
  batch: 4
  data: {flip: true}
  optimizer: {kind: adam, lr: 1e-2, betas: [0.0, 0.9]}
  cadence: {log: 2 steps, grid: 3 steps, checkpoint: 2 steps}
  guard: {samples: 8, warm_up: 4, window: 8, patience: 2}
"""
"""A game of two sets and three streams, which reads every kind; its players read them in other phases."""


def everything() -> dict[str, dict[str, np.ndarray]]:
    """The two sets of that game, as arrays by name, of fields in the places that networks take them from."""
    found = arrays()
    whole = CASES["text"].values()
    found["text"] = np.stack([np.resize(one, (5, 3)) for one in whole])
    return {"a": found, "b": found}

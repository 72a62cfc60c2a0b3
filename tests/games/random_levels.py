"""Networks of random games that grow: their text, when which level trains, and what they compute of it.

By docs/language.md (section 6), the plan's `growth` and PGGAN's figure 2; nothing of the compiler is asked.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, linear

SMALLEST = 2

GROWING = """\
  maker:
    inputs: {z: "Latent[3]", alpha: {type: Scalar, when: fading}}
    body:
      dense: {op: linear, features: 4}
      grid: {op: reshape, channels: 1, size: 2}
      top:
        topology: grow
        alpha: alpha
        over: sizes
        stage: {use: rise, first: first}
        exit: {use: conv, channels: 1, kernel: 1}
      image: {op: tanh, x: top}
  judge:
    inputs: {image: "Image[1, level_size]", alpha: {type: Scalar, when: fading}}
    body:
      top:
        topology: grow_down
        x: image
        alpha: alpha
        over: reverse(sizes[1:])
        enter: {use: conv, channels: 1, kernel: 1}
        stage: fall
      flat: {op: flatten}
      dense: {op: linear, features: 3}
      trunk: {op: tanh}
      logit: {op: linear, features: 1}
    outputs: {logit: {of: logit, kind: Logits}, trunk: trunk}
  coder:
    inputs: {image: "Image[1, level_size]"}
    body:
      small: {op: resize, size: 2}
      flat: {op: flatten}
      dense: {op: linear, features: 3}
      trunk: {op: softplus}
"""
BLOCKS = """\
blocks:
  rise:
    ports: {x: Feature}
    params: {first: bool}
    body: {up: {op: upsample, unless: first}, conv: {op: conv, channels: 1}, act: {op: tanh}}
  fall:
    ports: {x: Feature}
    body: {conv: {op: conv, channels: 1}, act: {op: tanh}, pool: {op: pool}}
"""


class Now(NamedTuple):
    """The moment before a step."""

    step: int
    shown: int  # images


BEGIN = Now(0, 0)


class Stage(NamedTuple):
    """Which program trains."""

    level: int = 0
    alpha: float | None = None  # while it fades in

    @property
    def fading(self) -> bool:
        return self.alpha is not None


@dataclass
class Levels:
    """A family, and when it grows."""

    count: int
    start: int  # level
    stable: int  # images
    fade: int
    batches: Mapping[int, int] = field(default_factory=dict)  # by size
    rates: Mapping[int, float] = field(default_factory=dict)
    resets: bool = True

    @property
    def sizes(self) -> list[int]:
        return [SMALLEST << level for level in range(self.count)]

    def at(self, shown: int) -> Stage:
        """A level trains, then the next fades in; the last stays."""
        level = self.start
        while level < self.count - 1:
            if shown < self.stable + self.fade:
                late = shown - self.stable
                return Stage(level + 1, late / self.fade) if late > 0 else Stage(level)
            shown -= self.stable + self.fade
            level += 1
        return Stage(level)

    @property
    def text(self) -> str:
        """`training.growth`."""
        start = f"start: {self.sizes[self.start]}, " if self.start else ""
        return (
            f"  growth: {{{start}stable: {self.stable} img, fade: {self.fade} img, "
            f"batch: {dict(self.batches)}, lr: {dict(self.rates)}, "
            f"reset_optimizer: {str(self.resets).lower()}}}\n"
        )


def some_levels(chance: random.Random, batch: int) -> Levels:
    """So that within four steps all of them have trained, most with a fade."""
    count = chance.choice([2, 2, 3])
    stable, fade = chance.choice([(4, 16), (4, 8), (8, 0)] if count == 2 else [(2, 8), (6, 4), (8, 0)])
    made = Levels(count, int(count == 3 and chance.random() < 0.3), stable, fade)
    if chance.random() < 0.3:
        made.batches = {chance.choice(made.sizes): batch // 2}
    if chance.random() < 0.3:
        made.rates = {chance.choice(made.sizes): 0.03}
    made.resets = chance.random() < 0.6
    return made


# ---- what they compute

Weights = Mapping[str, Tensor]


def up(x: Tensor) -> Tensor:
    return x.repeat_interleave(2, -1).repeat_interleave(2, -2)


def down(x: Tensor, size: int) -> Tensor:
    """The mean of each square."""
    return avg_pool2d(x, x.shape[-1] // size)


def blend(old: Tensor, new: Tensor, alpha: float) -> Tensor:
    return (1 - alpha) * old + alpha * new


def item(image: Tensor, size: int, now: Stage) -> Tensor:
    """An image of the data as a level takes it."""
    small = down(image, size)
    return small if now.alpha is None else blend(up(down(small, size // 2)), small, now.alpha)


def _conv(w: Weights, name: str, x: Tensor) -> Tensor:
    weight = w[f"{name}.weight"]
    return conv2d(x, weight, w[f"{name}.bias"], padding=weight.shape[-1] // 2)


def made_image(w: Weights, z: Tensor, sizes: list[int], now: Stage) -> Tensor:
    """An image [n, 1, size, size] of z [n, 3]; the new stage fades in over the one before, enlarged."""
    x = linear(z, w["dense.weight"], w["dense.bias"]).view(-1, 1, SMALLEST, SMALLEST)
    before = x
    for level in range(now.level + 1):
        before, x = x, torch.tanh(_conv(w, f"top.s{sizes[level]}.conv", up(x) if level else x))
    image = _conv(w, f"top.s{sizes[now.level]}.rgb", x)
    if now.alpha is not None:
        image = blend(up(_conv(w, f"top.s{sizes[now.level - 1]}.rgb", before)), image, now.alpha)
    return torch.tanh(image)


def judged_image(w: Weights, image: Tensor, sizes: list[int], now: Stage) -> Tensor:
    """Features [n, 1, 2, 2]; the new stage fades in over the shrunk image as the stage below reads it."""

    def enter(level: int, image: Tensor) -> Tensor:
        return _conv(w, f"top.s{sizes[level]}.rgb" if level else "top.rgb", image)

    x = enter(now.level, image)
    for level in range(now.level, 0, -1):
        x = down(torch.tanh(_conv(w, f"top.s{sizes[level]}.conv", x)), sizes[level - 1])
        if now.alpha is not None and level == now.level:
            x = blend(enter(level - 1, down(image, sizes[level - 1])), x, now.alpha)
    return x


def grown_layers(network: str, sizes: list[int], now: Stage) -> list[str]:
    """The layers that run at a stage, beside those of all levels."""
    if network not in ("maker", "judge"):
        return []
    first = 0 if network == "maker" else 1
    read = [now.level, now.level - 1] if now.fading else [now.level]
    convs = [f"top.s{sizes[level]}.conv" for level in range(first, now.level + 1)]
    return convs + [f"top.s{sizes[level]}.rgb" if level >= first else "top.rgb" for level in read]

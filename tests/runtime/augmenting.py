"""What the tests of augmentation share: draws that are given, and the affine map that an augmentation is."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from gandsl_runtime.augment import Augment, AugmentDraws
from gandsl_runtime.plan import TRANSFORMS
from gandsl_runtime.plan import Augment as AugmentPlan
from gandsl_runtime.rng import Draws, Key, Part

EACH = tuple(name for names in TRANSFORMS.values() for name in names)
RANGE = (-1.0, 1.0)


class Fixed(AugmentDraws):
    """Draws that are given, in the order they are asked for; every transform of the pipe happens."""

    def __init__(self, *pipe: str, normal=(), uniform=(), integers=()) -> None:
        self.pipe, self.device, self.dtype = dict.fromkeys(pipe, 1.0), torch.device("cpu"), torch.float64
        self._given = {"normal": list(normal), "uniform": list(uniform), "integers": list(integers)}
        self._count = len(next(draws[0] for draws in self._given.values() if draws))

    def __len__(self) -> int:
        return self._count

    def happens(self, name: str, rounds: int = 1, turn: int = 0) -> Tensor:
        return torch.full((len(self),), name in self.pipe)

    def uniform(self, name: str, *shape: int, turn: int = 0) -> Tensor:
        return self._next("uniform", shape)

    def normal(self, name: str, *shape: int, turn: int = 0) -> Tensor:
        return self._next("normal", shape)

    def integers(self, name: str, low: int, high: int, turn: int = 0) -> Tensor:
        drawn = self._next("integers", ())
        assert drawn.min() >= low and drawn.max() <= high
        return drawn

    def _next(self, kind: str, shape: tuple[int, ...]) -> Tensor:
        drawn = self._given[kind].pop(0)
        assert drawn.shape == (len(self), *shape)
        return drawn


def augment(pipe: str | Sequence[str] | dict[str, float], data_range: tuple[float, float] = RANGE) -> Augment:
    return Augment(AugmentPlan(pipe=pipe, p=1.0), data_range)


def apply(pipe: str | Sequence[str] | dict[str, float], images: Tensor, p: float | Tensor = 1.0) -> Tensor:
    return augment(pipe)(images, p, whole(images), "seen")


def whole(images: Tensor, step: int = 0) -> Draws:
    return of_part(images, Part.whole(len(images)), step)


def of_part(images: Tensor, part: Part, step: int = 0) -> Draws:
    return Draws(images.device, images.dtype, part, Key(3, step, "discriminator"))


def image(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype) * 2 - 1


def draws(*shape: int, kind: str = "normal", seed: int = 0) -> Tensor:
    chance = torch.Generator().manual_seed(seed)
    make = torch.randn if kind == "normal" else torch.rand
    return make(shape, generator=chance, dtype=torch.float64)

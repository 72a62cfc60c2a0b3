"""Random numbers of augmentation: which transforms happen to which images, and how."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate

import torch
from torch import Tensor

from .. import plan as plans
from ..rng import PartDraws

UNIFORM = {  # what is drawn of each image → how many numbers: whether a transform happens has its name
    **{"xflip": 1, "xflip/which": 1, "rotate90": 1, "rotate90/turns": 1, "xint": 1, "xint/shift": 2},
    **{"scale": 1, "rotate": 2, "rotate/angle": 2, "aniso": 1, "xfrac": 1},
    **{"brightness": 1, "contrast": 1, "lumaflip": 1, "lumaflip/which": 1},
    **{"hue": 1, "hue/angle": 1, "saturation": 1, "filter": 4, "noise": 1, "cutout": 1, "cutout/middle": 2},
    **{"diff_color": 1, "diff_color/brightness": 1, "diff_color/saturation": 1, "diff_color/contrast": 1},
    **{"diff_translation": 1, "diff_translation/shift": 2, "diff_cutout": 1, "diff_cutout/begin": 2},
}
UNIFORM |= {name: 1 for _, _, names in plans.MADE for name in names if name not in UNIFORM}
NORMAL = {"scale": 1, "aniso": 1, "xfrac": 2, "brightness": 1, "contrast": 1, "saturation": 1, "filter": 4}
NORMAL |= {"noise": 1}
"""One draw has all of them, whatever the pipe: no transform changes another's. New ones go to the end."""


def _places(widths: Mapping[str, int]) -> dict[str, int]:
    return dict(zip(widths, accumulate(widths.values(), initial=0), strict=False))


_PLACES = {"uniform": _places(UNIFORM), "normal": _places(NORMAL)}


class AugmentDraws:
    """Random numbers for one part of a batch of images.

    A transform happens to an image with probability `p` (a number or a scalar tensor) times the share that
    `pipe` gives it, at most 1. Draws have the names in UNIFORM and NORMAL; where a name has several numbers,
    `turn` says which one, or the first of them.
    """

    def __init__(
        self, images: Tensor, pipe: Mapping[str, float], p: float | Tensor, draws: PartDraws, id_: str
    ) -> None:
        self.device, self.dtype = images.device, torch.promote_types(images.dtype, torch.float32)
        self.pipe, self.p = pipe, p
        self._draws, self._id = draws, id_
        self._all = {
            "uniform": self._drawn("uniform", (sum(UNIFORM.values()),), normal=False),
            "normal": self._drawn("normal", (sum(NORMAL.values()),), normal=True),
        }

    def __len__(self) -> int:
        return self._draws.part.count

    def any_of(self, *names: str) -> bool:
        """Whether the pipe has one of these transforms."""
        return any(name in self.pipe for name in names)

    def happens(self, name: str, rounds: int = 1, turn: int = 0) -> Tensor:
        """(n,) bool: for which images this transform is made, now; of `rounds` chances one comes with p."""
        if name not in self.pipe:
            return torch.zeros(len(self), device=self.device, dtype=torch.bool)
        p = self.p * self.pipe[name]
        p = p.clamp(max=1) if isinstance(p, Tensor) else min(p, 1.0)
        p = p if rounds == 1 else 1 - (1 - p) ** (1 / rounds)
        return self.uniform(name, turn=turn) < p

    def uniform(self, name: str, *shape: int, turn: int = 0) -> Tensor:
        """[n, *shape] from [0, 1); shape: () or (count,)."""
        return self._numbers("uniform", name, shape, turn)

    def normal(self, name: str, *shape: int, turn: int = 0) -> Tensor:
        """[n, *shape] from N(0, 1); shape: () or (count,)."""
        return self._numbers("normal", name, shape, turn)

    def integers(self, name: str, low: int, high: int, turn: int = 0) -> Tensor:
        """[n] int64 from low to high, both included."""
        return (self.uniform(name, turn=turn) * (high - low + 1)).long() + low

    def normal_like(self, images: Tensor) -> Tensor:
        """N(0, 1) for each number of the images."""
        return self._drawn("noise", images.shape[1:], normal=True)

    def _numbers(self, kind: str, name: str, shape: tuple[int, ...], turn: int) -> Tensor:
        first, drawn = _PLACES[kind][name] + turn, self._all[kind]
        return drawn[:, first : first + shape[0]] if shape else drawn[:, first]

    def _drawn(self, what: str, shape: tuple[int, ...], normal: bool) -> Tensor:
        return self._draws.of_rows(f"{self._id}.{what}", len(self), shape, normal).to(self.dtype)

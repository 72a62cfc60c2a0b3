"""What the discriminator sees, transformed at random: ADA (arXiv:2006.06676), DiffAugment (arXiv:2006.10738).

Every transform is made of torch's own differentiable functions: gradients pass, first and second ones. Where
a transform does not happen to an image, the image's bits stay. Masks and class maps move with an image, and
no value of theirs is between two; what changes colours leaves them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Protocol

import torch
from torch import Tensor

from .. import plan as plans
from ..rng import PartDraws
from .random_values import AugmentDraws

__all__ = ["Augment", "AugmentDraws", "View"]

Images = tuple[Tensor, ...]


class View(Protocol):
    """Images and maps, the id of what D sees of them, and their kinds where not all are images."""

    def __call__(self, images: Images, id_: str, kinds: Sequence[str] = ()) -> Images: ...


Stage = Callable[[Tensor, AugmentDraws, tuple[float, float]], Tensor]


def _stage(path: str) -> Stage:
    module, _, name = path.partition(".")
    stage: Stage = getattr(import_module(f".{module}", __name__), name)
    return stage


STAGES: tuple[tuple[tuple[str, ...], Stage], ...] = tuple(
    (tuple(name for _, other, names in plans.MADE if other == path for name in names), _stage(path))
    for path in dict.fromkeys(path for _, path, _ in plans.MADE)
)
"""In this order, whatever the order in the plan: transforms, and what makes them."""

MOVED: dict[Stage, Stage] = {
    _stage(path): _stage(f"{path}_of_maps") for path in ("geometry.transform", "diffaugment.translation")
}
"""What moves pixels, and what moves those of masks and class maps alike; all else leaves these."""


class Augment:
    """The transforms of a plan for images in `data_range`, of any number of channels.

    The last of two and of four channels is alpha: color transforms leave it, all others treat it like the
    rest. Several sizes of one image, and its maps, are transformed by the same draws, each in its own pixels.
    """

    def __init__(self, plan: plans.Augment, data_range: tuple[float, float]) -> None:
        self.pipe, self.data_range = plan.transforms, data_range
        self._stages = [stage for names, stage in STAGES if not self.pipe.keys().isdisjoint(names)]
        self._of_maps = [MOVED[stage] for stage in self._stages if stage in MOVED]

    def __call__(
        self, images: Tensor, p: float | Tensor, draws: PartDraws, id_: str, kind: str = "Image"
    ) -> Tensor:
        """[n, C, H, W], the samples of `draws`, each transform made with chance p; n, C, H, W stay.

        A Mask [n, C, H, W] and Classes int64 [n, H, W] move as an Image of the same `id_` does.
        """
        if not isinstance(p, Tensor) and p == 0:
            return images
        with torch.autocast(images.device.type, enabled=False):
            drawn = AugmentDraws(images, self.pipe, p, draws, id_)
            if kind == "Image":
                return self._made(self._stages, images.to(drawn.dtype), drawn).to(images.dtype)
            if kind == "Mask":
                return self._made(self._of_maps, images, drawn)
            return self._made(self._of_maps, images[:, None], drawn)[:, 0]

    def _made(self, stages: Sequence[Stage], images: Tensor, drawn: AugmentDraws) -> Tensor:
        for stage in stages:
            images = stage(images, drawn, self.data_range)
        return images

    def view(self, p: float | Tensor, draws: PartDraws) -> View:
        """What D sees of the samples of `draws`; each id has draws of its own."""

        def seen(images: Images, id_: str, kinds: Sequence[str] = ()) -> Images:
            of = kinds or ["Image"] * len(images)
            return tuple(self(image, p, draws, id_, kind) for image, kind in zip(images, of, strict=True))

        return seen

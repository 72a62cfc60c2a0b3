"""What the discriminator sees, transformed at random: ADA (arXiv:2006.06676), DiffAugment (arXiv:2006.10738).

Every transform is made of torch's own differentiable functions: gradients pass, first and second ones. Where
a transform does not happen to an image, the image's bits stay.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import torch
from torch import Tensor

from .. import plan as plans
from ..rng import PartDraws
from .random_values import AugmentDraws

__all__ = ["Augment", "AugmentDraws", "View"]

Images = tuple[Tensor, ...]
View = Callable[[Images, str], Images]  # images, and the id of what D sees of them
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


class Augment:
    """The transforms of a plan for images in `data_range`, of any number of channels.

    The last of two and of four channels is alpha: color transforms leave it, all others treat it like the
    rest. Several sizes of one image are transformed by the same draws, each in its own pixels.
    """

    def __init__(self, plan: plans.Augment, data_range: tuple[float, float]) -> None:
        self.pipe, self.data_range = plan.transforms, data_range
        self._stages = [stage for names, stage in STAGES if not self.pipe.keys().isdisjoint(names)]

    def __call__(self, images: Tensor, p: float | Tensor, draws: PartDraws, id_: str) -> Tensor:
        """[n, C, H, W], the samples of `draws`, each transform made with chance p; n, C, H, W stay."""
        if not isinstance(p, Tensor) and p == 0:
            return images
        exact = images.to(torch.promote_types(images.dtype, torch.float32))
        with torch.autocast(images.device.type, enabled=False):
            drawn = AugmentDraws(exact, self.pipe, p, draws, id_)
            for stage in self._stages:
                exact = stage(exact, drawn, self.data_range)
        return exact.to(images.dtype)

    def view(self, p: float | Tensor, draws: PartDraws) -> View:
        """What D sees of the samples of `draws`; each id has draws of its own."""

        def seen(images: Images, id_: str) -> Images:
            return tuple(self(image, p, draws, id_) for image in images)

        return seen

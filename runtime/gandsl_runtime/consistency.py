"""Consistency regularization: other images and latents of which D should say the same."""

from __future__ import annotations

from torch import Tensor

from . import plan as plans
from .augment import Augment
from .chance import Draw
from .network import Port

Images = tuple[Tensor, ...]


def difference(one: Images, other: Images) -> Tensor:
    """E(a − b)² over all numbers of a tensor, the mean over tensors (heads, or scales)."""
    found = [(a - b).square().mean() for a, b in zip(one, other, strict=True)]
    return sum(found) / len(found)  # type: ignore[return-value]  # sum() of tensors is a tensor


def transformed(
    images: Images, parameters: plans.Consistency, plan: plans.Plan, draw: Draw, place: str
) -> Images:
    """T(images), each transform of the pipe made with chance 1, without gradients to the images."""
    augment = Augment(plans.Augment(pipe=parameters.pipe, p=1.0), plan.data.range)
    view = augment.view(1.0, draw.part, "consistency", *draw.key)
    return view(tuple(image.detach() for image in images), place)


class Nearby(Draw):
    """The same latents as those of a fresh `draw`, each number moved by N(0, sigma²); all else too."""

    def __init__(self, draw: Draw, sigma: float) -> None:
        super().__init__(draw.device, draw.dtype, draw.part, *draw.key)
        self._moves = Draw(draw.device, draw.dtype, draw.part, *draw.key, "nearby")
        self._sigma = sigma

    def latent(self, port: Port) -> Tensor:
        return super().latent(port) + self._sigma * self._moves.normal(*port.shape)

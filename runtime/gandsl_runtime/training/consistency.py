"""Consistency regularization: other images and latents of which D should say the same."""

from __future__ import annotations

from torch import Tensor

from .. import plan as plans
from ..augment import Augment
from ..plan.schedule import Side
from ..port import Port
from ..rng import Draws, ids

Images = tuple[Tensor, ...]


def difference(one: Images, other: Images) -> Tensor:
    """E(a − b)² over all numbers of a tensor, the mean over tensors (heads, or scales)."""
    found = [(a - b).square().mean() for a, b in zip(one, other, strict=True)]
    return sum(found) / len(found)  # type: ignore[return-value]  # sum() of tensors is a tensor


def transformed(
    images: Images, parameters: plans.Consistency, plan: plans.Plan, draws: Draws, place: str
) -> Images:
    """T(images), each transform of the pipe made with chance 1, without gradients to the images."""
    augment = Augment(plans.Augment(pipe=parameters.pipe, p=1.0), plan.data.range)
    view = augment.view(1.0, draws)
    return view(tuple(image.detach() for image in images), ids.consistency("discriminator", place, "moved"))


class Nearby(Draws):
    """What `draws` gives, but that each number of its latents is moved by N(0, sigma²)."""

    def __init__(self, draws: Draws, sigma: float, side: Side) -> None:
        super().__init__(draws.device, draws.dtype, draws.part, draws.key)
        self._sigma, self._side = sigma, side

    def latent(self, id_: str, port: Port) -> Tensor:
        move = self.normal(ids.consistency(self._side, "latent", id_), *port.shape)
        return super().latent(id_, port) + self._sigma * move

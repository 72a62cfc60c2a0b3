"""Losses of discriminator and generator: pure functions of logits, one table.

`real` and `fake` are logits of any shape, (N, 1) or one for each pixel; a loss is the mean over all of them.
Averages inside a loss are over the samples of all processes (of one micro-batch each).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from ..distributed import group
from ..plan import Loss

Part = Callable[[Any, Tensor, Tensor], Tensor]  # (parameters, real, fake) → scalar


@dataclass(frozen=True)
class Objective:
    """The two sides of a loss; the generator's reads `real` only where it is relativistic."""

    discriminator: Part
    generator: Part
    relativistic: bool = False


def _least_squares(parameters: Any, real: Tensor, fake: Tensor) -> Tensor:
    return ((real - parameters.b).square().mean() + (fake - parameters.a).square().mean()) / 2


def _cross_entropy(parameters: Any, real: Tensor, fake: Tensor) -> Tensor:
    t = parameters.real_target
    return (t * F.softplus(-real) + (1 - t) * F.softplus(real)).mean() + F.softplus(fake).mean()


def _mirrored(part: Part) -> Part:
    return lambda parameters, real, fake: part(parameters, fake, real)


def _pairing(_: Any, real: Tensor, fake: Tensor) -> Tensor:
    return F.softplus(fake - real).mean()


def _average_hinge(_: Any, real: Tensor, fake: Tensor) -> Tensor:
    mean_real, mean_fake = (group.active().average(x.mean(), len(x)) for x in (real, fake))
    return F.relu(1 - (real - mean_fake)).mean() + F.relu(1 + (fake - mean_real)).mean()


OBJECTIVES: dict[str, Objective] = {
    "bce": Objective(_cross_entropy, lambda _, real, fake: F.softplus(-fake).mean()),
    "logistic": Objective(
        lambda _, real, fake: F.softplus(-real).mean() + F.softplus(fake).mean(),
        lambda _, real, fake: F.softplus(-fake).mean(),
    ),
    "hinge": Objective(
        lambda _, real, fake: F.relu(1 - real).mean() + F.relu(1 + fake).mean(),
        lambda _, real, fake: -fake.mean(),
    ),
    "least_squares": Objective(_least_squares, lambda p, real, fake: (fake - p.c).square().mean() / 2),
    "wasserstein": Objective(
        lambda _, real, fake: fake.mean() - real.mean(), lambda _, real, fake: -fake.mean()
    ),
    "relativistic_logistic": Objective(_pairing, _mirrored(_pairing), relativistic=True),
    "relativistic_hinge": Objective(_average_hinge, _mirrored(_average_hinge), relativistic=True),
}


def classification(classes: Tensor, labels: Tensor) -> Tensor:
    """E[−log P(c | x)] of class logits (N, k) and classes (N,) (arXiv:1610.09585, eq. 3)."""
    return F.cross_entropy(classes, labels)


def _over_heads(part: Part, loss: Loss, real: tuple[Tensor, ...], fake: tuple[Tensor, ...]) -> Tensor:
    first, *rest = (part(loss, r, f) for r, f in zip(real, fake, strict=True))
    return sum(rest, first) / len(fake) if rest else first


def discriminator_loss(loss: Loss, real: tuple[Tensor, ...], fake: tuple[Tensor, ...]) -> Tensor:
    """D's loss, the mean over its heads."""
    return _over_heads(OBJECTIVES[loss.kind].discriminator, loss, real, fake)


def generator_loss(loss: Loss, real: tuple[Tensor, ...] | None, fake: tuple[Tensor, ...]) -> Tensor:
    """G's loss, the mean over D's heads; `real` may be None unless the objective is relativistic."""
    return _over_heads(OBJECTIVES[loss.kind].generator, loss, fake if real is None else real, fake)

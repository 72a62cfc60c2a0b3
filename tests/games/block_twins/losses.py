"""Losses of both players, each beside a straightforward formula in float64."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.games.block_twins.use import LOGITS, Found, Given, Twin

PIXELS = {"real": "Logits[1, 3, 3]", "fake": "Logits[1, 3, 3]"}


def of_logits(function: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]], **params: Any) -> list[Twin]:
    """A loss of both players: of one logit an image, of one each pixel, and of a list of both."""

    def means(given: Given, nets: Mapping[str, Any]) -> Found:
        real, fake = given["real"], given["fake"]
        pairs = list(zip(real, fake, strict=True)) if isinstance(real, list) else [(real, fake)]
        both = [function(one, other) for one, other in pairs]
        d, g = (sum(one[i] for one in both) / len(both) for i in (0, 1))
        return {"discriminator": d, "generator": g}

    several = {name: f"=[${name}0, ${name}1]" for name in LOGITS}
    body = tuple(
        f"${name}{i}: {{draw: '{one[name]}'}}" for i, one in enumerate((LOGITS, PIXELS)) for name in LOGITS
    )
    return [
        Twin(given, means, params, nodes, ("discriminator", "generator"))
        for given, nodes in ((LOGITS, ()), (PIXELS, ()), (several, body))
    ]


def _bce(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    ones, zeros = torch.ones_like(real), torch.zeros_like(fake)
    of = F.binary_cross_entropy_with_logits
    return of(real, 0.9 * ones) + of(fake, zeros), of(fake, torch.ones_like(fake))


def _relativistic_hinge(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    up, down = real - fake.mean(), fake - real.mean()
    d = F.relu(1 - up).mean() + F.relu(1 + down).mean()
    return d, F.relu(1 - down).mean() + F.relu(1 + up).mean()


TWINS: dict[str, list[Twin]] = {
    "loss.bce": of_logits(_bce, real_target=0.9),
    "loss.logistic": of_logits(
        lambda real, fake: (
            -torch.log(torch.sigmoid(real)).mean() - torch.log(1 - torch.sigmoid(fake)).mean(),
            -torch.log(torch.sigmoid(fake)).mean(),
        )
    ),
    "loss.hinge": of_logits(
        lambda real, fake: ((1 - real).clamp(min=0).mean() + (1 + fake).clamp(min=0).mean(), -fake.mean())
    ),
    "loss.least_squares": of_logits(
        lambda real, fake: (
            0.5 * ((real - 0.8) ** 2).mean() + 0.5 * ((fake + 1) ** 2).mean(),
            0.5 * ((fake - 0.3) ** 2).mean(),
        ),
        a=-1,
        b=0.8,
        c=0.3,
    ),
    "loss.wasserstein": of_logits(lambda real, fake: (fake.mean() - real.mean(), -fake.mean())),
    "loss.relativistic_logistic": of_logits(
        lambda real, fake: (
            torch.log1p((fake - real).exp()).mean(),
            torch.log1p((real - fake).exp()).mean(),
        )
    ),
    "loss.relativistic_hinge": of_logits(_relativistic_hinge),
}

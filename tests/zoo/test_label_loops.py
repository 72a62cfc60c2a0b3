"""Games of specs/zoo whose labels are numbers, or missing, against loops written by hand, in float64."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from gandsl_runtime.rng import Draws
from tests.games.loop import Loop, descend
from tests.zoo.reduced import REDUCED, path_of

KAPPA = 0.016667


def test_ccgan() -> None:
    """D of points and of made ones, whose labels lie within κ of the one that is asked (equation 13)."""
    rng = torch.Generator().manual_seed(2)
    fields = {
        "point": torch.randn(30, 2, generator=rng, dtype=torch.float64),
        "label": torch.rand(30, 1, generator=rng, dtype=torch.float64),
    }
    loop = Loop(path_of("ccgan"), REDUCED["ccgan"], fields=fields)
    g, d = loop["generator"], loop["discriminator"]
    of_g, of_d = (loop.adam(name, 5e-5, (0.5, 0.999)) for name in ("generator", "discriminator"))

    def aside(draws: Draws, id_: str) -> Tensor:
        return KAPPA * (2 * draws.uniform(id_, 1) - 1)

    for _ in loop.steps(2):
        item, draws = loop.items(4), loop.draws("discriminator", 4)
        asked = item["label"] + aside(draws, "aside")
        with torch.no_grad():
            near = g(draws.normal("z", 2), asked + aside(draws, "again"))
        descend(of_d, F.softplus(-d(item["point"], asked)).mean() + F.softplus(d(near, asked)).mean())
        item, draws = loop.items(4), loop.draws("generator", 4)
        asked = item["label"] + aside(draws, "aside")
        descend(of_g, F.softplus(-d(g(draws.normal("z", 2), asked), asked)).mean())
    loop.compare()


def test_dann() -> None:
    """Named digits, and half of the domains' loss, whose gradient comes back times −λ (section 5.2)."""
    rng = torch.Generator().manual_seed(2)
    fields = {
        "image": torch.rand(20, 3, 16, 16, generator=rng, dtype=torch.float64),
        "y": torch.arange(20) % 3,
        "other": torch.rand(20, 3, 16, 16, generator=rng, dtype=torch.float64),
    }
    loop = Loop(path_of("dann"), REDUCED["dann"] | {"length": "10 steps"}, fields=fields)
    classifier, domain = loop["classifier"], loop["domain"]
    weights = [*classifier.parameters(), *domain.parameters()]
    moving = torch.optim.SGD(weights, 0.01, momentum=0.9, foreach=False)
    for step in loop.steps(3):
        share = step / 10
        strength = 2 / (1 + math.exp(-10 * share)) - 1
        moving.param_groups[0]["lr"] = 0.01 * 0.165**share
        item = loop.items(4)
        logits, code = classifier(2 * item["image"] - 1)
        _, other = classifier(2 * item["other"] - 1)
        first, second = (
            domain((1 + strength) * one.detach() - strength * one) for one in (code, other)
        )  # the value of the code, and −λ times its gradient
        apart = F.softplus(-first).mean() + F.softplus(second).mean()
        descend(moving, F.cross_entropy(logits, item["y"]) + apart / 2)
    loop.compare()

"""Games of encoders and codes in specs/zoo against loops written by hand, two steps each, in float64."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import autograd

from tests.games.loop import Loop
from tests.zoo.reduced import REDUCED, path_of

STEPS = 2


def test_bigan() -> None:
    """D tells (x, E(x)) from (G(z), z); G and E want the opposite, at the same weights (1605.09782)."""
    loop = Loop(path_of("bigan"), REDUCED["bigan"], (1, 8, 8))
    generator, encoder, judge = loop["generator"], loop["encoder"], loop["discriminator"]
    moving = [
        torch.optim.Adam(loop[name].parameters(), 2e-4, (0.5, 0.999), weight_decay=2.5e-5, foreach=False)
        for name in ("discriminator", "generator", "encoder")
    ]
    for _ in loop.steps(STEPS):
        x = (loop.real(8)[0] + 1) / 2
        z = loop.draws("", 8).uniform("z", 5) * 2 - 1
        made, code = generator(z), encoder(x)
        real, said = judge(x, code), judge(made, z)
        pair = [*generator.parameters(), *encoder.parameters()]
        slopes = autograd.grad(
            (F.softplus(real).mean() + F.softplus(-said).mean()) / 2, pair, retain_graph=True
        )
        mine = list(judge.parameters())
        slopes += autograd.grad((F.softplus(-real).mean() + F.softplus(said).mean()) / 2, mine)
        for weight, slope in zip([*pair, *mine], slopes, strict=True):
            weight.grad = slope
        for optimizer in moving:
            optimizer.step()
    loop.compare()

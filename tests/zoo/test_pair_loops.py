"""Games of specs/zoo that make images of images against loops written by hand, two steps, in float64."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import autograd

from tests.games.loop import Loop, called, descend
from tests.zoo.reduced import REDUCED, path_of


def test_pix2pix() -> None:
    """Half of D's loss of pairs; G by it and 100 L1, with dropout of one draw in both (section 3)."""
    rng = torch.Generator().manual_seed(2)
    fields = {
        name: torch.rand(20, channels, 16, 16, generator=rng, dtype=torch.float64)
        for name, channels in (("edges", 1), ("image", 3))
    }
    loop = Loop(path_of("pix2pix"), REDUCED["pix2pix"], fields=fields)
    g, d = loop["generator"], loop["discriminator"]
    of_g, of_d = (loop.adam(name, 2e-4, (0.5, 0.999)) for name in ("generator", "discriminator"))
    for _ in loop.steps(2):
        item, draws = loop.items(4), loop.draws("", 4)
        edges, image = 2 * item["edges"] - 1, 2 * item["image"] - 1
        with torch.no_grad():
            made = called(g, draws, "made", edges)
        real, said = d(edges, image), d(edges, made)
        descend(of_d, (F.softplus(-real).mean() + F.softplus(said).mean()) / 2)
        made = called(g, draws, "made", edges)
        descend(of_g, F.softplus(-d(edges, made)).mean() + 100 * F.l1_loss(made, image))
    loop.compare()


def test_cyclegan() -> None:
    """(D − 1)² of both ways, cycles tenfold, identities fivefold; judges at the same weights (section 3)."""
    rng = torch.Generator().manual_seed(2)
    fields = {name: torch.rand(20, 3, 16, 16, generator=rng, dtype=torch.float64) for name in "ab"}
    loop = Loop(path_of("cyclegan"), REDUCED["cyclegan"] | {"training.batch": 4}, fields=fields)
    to_a, to_b, judge_a, judge_b = networks = [loop[name] for name in ("to_a", "to_b", "judge_a", "judge_b")]
    moving = [loop.adam(name, 2e-4, (0.5, 0.999)) for name in ("to_a", "to_b", "judge_a", "judge_b")]
    for _ in loop.steps(2):
        a, b = (2 * x - 1 for x in loop.items(4).values())
        fake_b, fake_a = to_b(a), to_a(b)
        asked = ((judge_b(fake_b) - 1) ** 2).mean() + ((judge_a(fake_a) - 1) ** 2).mean()
        cycle = F.l1_loss(to_a(fake_b), a) + F.l1_loss(to_b(fake_a), b)
        identity = F.l1_loss(to_a(a), a) + F.l1_loss(to_b(b), b)
        judged = [
            ((judge(real) - 1) ** 2).mean() / 2 + (judge(fake.detach()) ** 2).mean() / 2
            for judge, real, fake in ((judge_b, b, fake_b), (judge_a, a, fake_a))
        ]
        translators = [*to_a.parameters(), *to_b.parameters()]
        slopes = autograd.grad(asked + 10 * cycle + 5 * identity, translators)
        slopes += autograd.grad(judged[0] + judged[1], [*judge_a.parameters(), *judge_b.parameters()])
        weights = [weight for network in networks for weight in network.parameters()]
        for weight, slope in zip(weights, slopes, strict=True):
            weight.grad = slope
        for optimizer in moving:
            optimizer.step()
    loop.compare()

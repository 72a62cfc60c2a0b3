"""Games of specs/zoo that compare latents against loops written by hand, two steps each, in float64."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.games.loop import Loop, descend, slope, squares
from tests.zoo.reduced import REDUCED, path_of

IMAGES = torch.rand(20, 1, 8, 8, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


def test_aae() -> None:
    """Squared error, with moments of its own; then D of codes of deviation 5, then the encoder."""
    loop = Loop(path_of("aae"), REDUCED["aae"], fields={"image": IMAGES})
    e, g, d = (loop[name] for name in ("encoder", "generator", "judge"))
    both = torch.optim.SGD([*e.parameters(), *g.parameters()], 0.01, 0.9, foreach=False)
    of_d, of_e = (torch.optim.SGD(of.parameters(), 0.1, 0.1, foreach=False) for of in (d, e))
    for _ in loop.steps(2):
        x = loop.items(4)["image"]
        z = 5 * loop.draws("", 4).normal("z", 3)
        descend(both, squares(g(e(x)) - x).mean() / 2)
        descend(of_d, F.softplus(-d(z)).mean() + F.softplus(d(e(x).detach())).mean())
        descend(of_e, F.softplus(-d(e(x))).mean())
    loop.compare()


def test_alae() -> None:
    """D∘E with R1, then G∘F, then E∘G beside F(z), which is a constant (algorithm 1)."""
    loop = Loop(path_of("alae"), REDUCED["alae"], fields={"image": IMAGES})
    f, g, e, d = (loop[name] for name in ("mapping", "generator", "encoder", "judge"))
    moving = {
        name: loop.adam(name, 0.002, (0.0, 0.99)) for name in ("mapping", "generator", "encoder", "judge")
    }

    def step(loss: Tensor, *names: str) -> None:
        for name in names:
            moving[name].zero_grad()
        loss.backward()
        for name in names:
            moving[name].step()

    for _ in loop.steps(2):
        x = (2 * loop.items(4)["image"] - 1).requires_grad_()
        with torch.no_grad():
            made = g(f(loop.draws("discriminator", 4).normal("z", 3)))
        real, said = d(e(x)), d(e(made))
        r1 = squares(slope(real, x)[0]).mean()
        step(F.softplus(-real).mean() + F.softplus(said).mean() + 5 * r1, "encoder", "judge")
        step(
            F.softplus(-d(e(g(f(loop.draws("generator", 4).normal("z", 3)))))).mean(), "mapping", "generator"
        )
        w = f(loop.draws("latents", 4).normal("z", 3)).detach()
        step(((w - e(g(w))) ** 2).mean(), "encoder", "generator")
    loop.compare()

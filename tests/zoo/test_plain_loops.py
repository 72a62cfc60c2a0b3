"""Games of early papers in specs/zoo against loops written by hand, two steps each, in float64."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from tests.games.loop import Loop, descend, slope, squares
from tests.zoo.reduced import REDUCED, path_of

STEPS = 2


def test_ebgan() -> None:
    """Energies against a margin, and the squared cosines of pairs of codes (1609.03126, eq. 1, 2 and 4)."""
    loop = Loop(path_of("ebgan"), {**REDUCED["ebgan"], "margin": 0.5}, (3, 16, 16))
    g, d = loop["generator"], loop["discriminator"]
    of_g, of_d = (loop.adam(name, 2e-4, (0.5, 0.999)) for name in ("generator", "discriminator"))
    for _ in loop.steps(STEPS):
        x, _ = loop.real(4)
        with torch.no_grad():
            fake = g(loop.draws("discriminator", 4).normal("z", 5))
        energies = [(d(one)[0] - one).square().flatten(1).mean(1) for one in (x, fake)]
        descend(of_d, energies[0].mean() + (0.5 - energies[1]).clamp(min=0).mean())
        fake = g(loop.draws("generator", 4).normal("z", 5))
        again, codes = d(fake)
        cosines = F.cosine_similarity(codes[:, None], codes[None], dim=2)
        pairs = [cosines[i, j].square() for i in range(4) for j in range(4) if i != j]
        descend(of_g, (again - fake).square().mean() + 0.1 * torch.stack(pairs).mean())
    loop.compare()


def test_dragan() -> None:
    """DCGAN's loss, and the gradient's norm at real images that noise has moved (1705.07215, section 2.3)."""
    loop = Loop(path_of("dragan"), REDUCED["dragan"], (3, 16, 16))
    g, d = loop["generator"], loop["discriminator"]
    of_g, of_d = (loop.adam(name, 2e-4, (0.5, 0.999)) for name in ("generator", "discriminator"))
    for _ in loop.steps(STEPS):
        x, _ = loop.real(4)
        draws = loop.draws("discriminator", 4)
        with torch.no_grad():
            fake = g(draws.normal("z", 5))
        noise = 0.5 * x.std(correction=0) * draws.uniform("noise", 3, 16, 16)
        around = (x + draws.uniform("share")[:, None, None, None] * noise).requires_grad_()
        steep = squares(slope(d(around), around)[0]).sqrt()
        loss = F.softplus(-d(x)).mean() + F.softplus(d(fake)).mean()
        descend(of_d, loss + 10 * (steep - 1).square().mean())
        descend(of_g, F.softplus(-d(g(loop.draws("generator", 4).normal("z", 5)))).mean())
    loop.compare()


def test_began() -> None:
    """Errors of an autoencoder, k between them, λ the rate at which k moves (1703.10717, section 3.4)."""
    loop = Loop(path_of("began"), {**REDUCED["began"], "rate": 0.5, "game.body.k.start": 0.25}, (3, 16, 16))
    g, d, k = loop["generator"], loop["discriminator"], 0.25
    of_g, of_d = (loop.adam(name, 1e-4, (0.5, 0.999)) for name in ("generator", "discriminator"))
    for number in loop.steps(STEPS):
        for group in (*of_g.param_groups, *of_d.param_groups):
            group["lr"] = 1e-4 * 0.1 ** (4 * number / 8e6)
        x, _ = loop.real(4)
        with torch.no_grad():
            fake = g(loop.draws("discriminator", 4).uniform("z", 3) * 2 - 1)
        real, made = (x - d(x)).abs().mean(), (fake - d(fake)).abs().mean()
        descend(of_d, real - k * made)
        fake = g(loop.draws("generator", 4).uniform("z", 3) * 2 - 1)
        descend(of_g, (fake - d(fake)).abs().mean())
        k = min(max(k + 0.5 * (0.5 * real.item() - made.item()), 0.0), 1.0)
    assert 0 < k < 1
    loop.compare(k=k)


def test_wgan() -> None:
    """RMSprop, and a critic whose weights are brought to [−c, c] behind each step (1701.07875)."""
    changes = {"training.discriminator_steps": 2, "training.discriminator_optimizer.bound": 0.06}
    loop = Loop(path_of("wgan"), {**REDUCED["wgan"], **changes}, (3, 16, 16))
    g, d = loop["generator"], loop["discriminator"]
    of_g, of_d = (torch.optim.RMSprop(of.parameters(), 5e-5, foreach=False) for of in (g, d))
    for _ in loop.steps(STEPS):
        for repeat in range(2):
            x, _ = loop.real(4)
            with torch.no_grad():
                fake = g(loop.draws("discriminator", 4, repeat).normal("z", 5))
            real = d(x)
            descend(of_d, d(fake).mean() - real.mean())
            for weight in d.parameters():
                weight.data.clamp_(-0.06, 0.06)
        descend(of_g, -d(g(loop.draws("generator", 4).normal("z", 5))).mean())
    assert max(weight.abs().max() for weight in loop.run.game.networks["discriminator"].parameters()) == 0.06
    loop.compare()

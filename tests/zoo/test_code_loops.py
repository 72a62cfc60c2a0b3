"""Games of encoders and codes in specs/zoo against loops written by hand, two steps each, in float64."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, autograd
from torch.optim import RMSprop

from gandsl_runtime.rng import Draws
from tests.games.loop import Loop, descend, resting
from tests.zoo.reduced import FEW, REDUCED, path_of

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


def test_infogan() -> None:
    """A class and two numbers, read back of samples: both players bring the readings to them (eq. 6)."""
    loop = Loop(path_of("infogan"), REDUCED["infogan"] | FEW, (1, 28, 28))
    g, d = loop["generator"], loop["discriminator"]
    of_g, of_d = loop.adam("generator", 1e-3, (0.5, 0.999)), loop.adam("discriminator", 2e-4, (0.5, 0.999))
    tenths = torch.arange(1, 10).double() / 10

    def made(draws: Draws) -> tuple[Tensor, Tensor, Tensor]:
        kind = torch.bucketize(draws.uniform("kind"), tenths, right=True)
        code = 2 * draws.uniform("code", 2) - 1
        return g(2 * draws.uniform("z", 62) - 1, kind, code), kind, code

    def read(kinds: Tensor, numbers: Tensor, kind: Tensor, code: Tensor) -> Tensor:
        return F.cross_entropy(kinds, kind) + ((code - numbers) ** 2).sum(1).mean() / 2

    for _ in loop.steps(2):
        with torch.no_grad():
            fake, kind, code = made(loop.draws("discriminator", 4))
        with resting(d, "hidden_norm"):
            real = d((loop.real(4)[0] + 1) / 2)[0]
        said, kinds, numbers = d(fake)
        judged = F.softplus(-real).mean() + F.softplus(said).mean()
        descend(of_d, judged + read(kinds, numbers, kind, code))
        fake, kind, code = made(loop.draws("generator", 4))
        said, kinds, numbers = d(fake)
        descend(of_g, F.softplus(-said).mean() + read(kinds, numbers, kind, code))
    loop.compare()


def test_vaegan() -> None:
    """KL and features for the encoder; γ of these against D for the decoder; all at once (algorithm 1)."""
    pixels = torch.rand(20, 3, 16, 16, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    loop = Loop(path_of("vaegan"), REDUCED["vaegan"] | {"gamma": 0.01}, fields={"image": pixels})
    e, g, d = networks = [loop[name] for name in ("encoder", "generator", "discriminator")]
    moving = [RMSprop(network.parameters(), 3e-4, foreach=False) for network in networks]
    for _ in loop.steps(2):
        image, draws = 2 * loop.items(4)["image"] - 1, loop.draws("", 4)
        mean, log_variance = e(image)
        again = g(mean + (log_variance / 2).exp() * draws.normal("noise", 5))
        made = g(draws.normal("prior", 5))
        (real, features), (said_again, found), (said, _) = d(image), d(again), d(made)
        kl = (mean**2 + log_variance.exp() - 1 - log_variance).sum(1).mean() / 2
        alike = (found - features).square().flatten(1).sum(1).mean() / 2
        apart = F.softplus(-real).mean() + F.softplus(said).mean() + F.softplus(said_again).mean()
        slopes = [
            autograd.grad(loss, [*network.parameters()], retain_graph=True)
            for network, loss in ((e, kl + alike), (g, 0.01 * alike - apart), (d, apart))
        ]
        for network, optimizer, found_slopes in zip(networks, moving, slopes, strict=True):
            for weight, slope in zip(network.parameters(), found_slopes, strict=True):
                weight.grad = slope
            optimizer.step()
    loop.compare()

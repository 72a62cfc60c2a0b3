"""A game of specs/zoo that follows curves against a loop written by hand, in float64."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from gandsl_runtime.augment import Augment
from gandsl_runtime.plan import Augment as Pipe
from gandsl_runtime.rng import Draws
from tests.games.loop import Loop, cosine, descend, slope, squares
from tests.zoo.reduced import REDUCED, path_of

OVER = 64  # images, so that three steps of 4 lie within it


def test_r3gan_with_an_augmentation_that_grows() -> None:
    """γ, rate, β2, half-life and p follow cosines; R1 and R2 are by images before their transforms."""
    curves = {
        f"training.{name}.over": f"{OVER} img"
        for name in (
            "regularizers.r1.gamma",
            "regularizers.r2.gamma",
            "ema.half_life",
            "augment.p",
            "optimizer.lr",
        )
    }
    beta = {"shape": "cosine", "start": 0.9, "end": 0.99, "over": f"{OVER} img"}
    changes = REDUCED["r3gan_cifar"] | curves | {"training.optimizer.betas": [0.0, beta]}
    loop = Loop(path_of("r3gan_cifar"), changes, (3, 8, 8))
    g, d = loop["generator"], loop["discriminator"]
    of_g, of_d = (loop.adam(name, 2e-4, (0.0, 0.9)) for name in ("generator", "discriminator"))
    geometry = ("xflip", "rotate90", "xint", "scale", "rotate", "aniso", "xfrac")
    colour = ("brightness", "contrast", "lumaflip", "hue", "saturation")
    shares = dict.fromkeys((*geometry, "cutout"), 1.0) | dict.fromkeys(colour, 0.5)
    transforms = Augment(Pipe(pipe=shares, p=0.5), (-1.0, 1.0))
    changed = 0

    def seen(x: torch.Tensor, draws: Draws, name: str) -> torch.Tensor:
        return transforms.view(p, draws)((x,), name)[0]

    for number in loop.steps(3):
        share = 4 * number / OVER
        for group in (*of_g.param_groups, *of_d.param_groups):
            group.update(lr=cosine(2e-4, 5e-5, share), betas=(0.0, cosine(0.9, 0.99, share)))
        gamma, p = cosine(0.05, 0.005, share), cosine(0.0, 0.55, share)
        draws = loop.draws("discriminator", 4)
        x, _ = loop.real(4)
        fake = g(draws.normal("z", 4)).detach().requires_grad_()
        x.requires_grad_()
        shown = seen(x, draws, "seen")
        changed += int((shown != x).flatten(1).any(1).sum())
        real, said = d(shown), d(seen(fake, draws, "shown"))
        r1, r2 = squares(slope(real, x)[0]).mean(), squares(slope(said, fake)[0]).mean()
        descend(of_d, F.softplus(said - real).mean() + gamma / 2 * (r1 + r2))

        draws = loop.draws("generator", 4)
        x, _ = loop.real(4)
        said = d(seen(g(draws.normal("z", 4)), draws, "shown"))
        descend(of_g, F.softplus(d(seen(x, draws, "seen")) - said).mean())
        half_life = cosine(0, 5000e3, share)
        loop.average("generator", 0.5 ** (4 / half_life) if half_life else 0.0)
    assert changed, "images were transformed"
    loop.compare()

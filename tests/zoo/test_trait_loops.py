"""A game of specs/zoo between attributes against a loop written by hand, two steps, in float64."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from gandsl_runtime.rng import Draws
from tests.games.loop import Loop, descend, slope, squares
from tests.zoo.reduced import REDUCED, path_of


def test_stargan() -> None:
    """Five steps of a critic that names attributes; then G to those of another face and back (eq. 1 to 6)."""
    rng = torch.Generator().manual_seed(2)
    fields = {
        "image": torch.rand(60, 3, 16, 16, generator=rng, dtype=torch.float64),
        "traits": torch.randint(0, 2, (60, 3), generator=rng).double(),
    }
    loop = Loop(path_of("stargan"), REDUCED["stargan"], fields=fields)
    g, d = loop["generator"], loop["discriminator"]
    of_g, of_d = (loop.adam(name, 1e-4, (0.5, 0.999)) for name in ("generator", "discriminator"))

    def named(guess: Tensor, traits: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(guess, traits, reduction="sum") / 4

    def item(draws: Draws) -> tuple[Tensor, Tensor, Tensor]:
        found = loop.items(4)
        return 2 * found["image"] - 1, found["traits"], found["traits"][draws.uniform("order").argsort()]

    for _ in loop.steps(2):
        for repeat in range(5):
            draws = loop.draws("discriminator", 4, repeat)
            x, traits, wanted = item(draws)
            with torch.no_grad():
                made = g(x, wanted)
            (real, guess), (said, _) = d(x), d(made)
            mix = draws.uniform("mix").view(-1, 1, 1, 1)
            between = (mix * x + (1 - mix) * made).requires_grad_()
            penalty = (squares(slope(d(between)[0], between)[0]).sqrt() - 1) ** 2
            descend(of_d, said.mean() - real.mean() + named(guess, traits) + 10 * penalty.mean())
        x, traits, wanted = item(loop.draws("generator", 4))
        made = g(x, wanted)
        said, guess = d(made)
        descend(of_g, -said.mean() + named(guess, wanted) + 10 * F.l1_loss(g(made, traits), x))
    loop.compare()

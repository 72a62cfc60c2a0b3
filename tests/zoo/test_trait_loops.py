"""Games of specs/zoo that translate between sets against loops written by hand, two steps, in float64."""

from __future__ import annotations

from collections.abc import Sequence

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


def test_unit() -> None:
    """Two sets share codes of variance 1: rebuilt, translated and back, beside a prior (equations 2 to 6)."""
    rng = torch.Generator().manual_seed(2)
    fields = {name: torch.rand(20, 3, 16, 16, generator=rng, dtype=torch.float64) for name in "ab"}
    loop = Loop(path_of("unit"), REDUCED["unit"] | {"training.batch": 4}, fields=fields)
    judges, makers = ("judge_a", "judge_b"), [name for name in loop.networks if "judge" not in name]
    moving = {
        name: torch.optim.Adam(of.parameters(), 1e-4, (0.5, 0.999), weight_decay=1e-4, foreach=False)
        for name, of in loop.networks.items()
    }

    def encoded(side: str, x: Tensor) -> Tensor:
        return loop["shared_encoder"](loop[f"encoder_{side}"](x))

    def decoded(side: str, code: Tensor) -> Tensor:
        return loop[f"generator_{side}"](loop["shared_generator"](code))

    def step(loss: Tensor, names: Sequence[str]) -> None:
        for name in names:
            moving[name].zero_grad()
        loss.backward()
        for name in names:
            moving[name].step()

    for _ in loop.steps(2):
        x = {name: 2 * one - 1 for name, one in loop.items(4).items()}
        draws = loop.draws("", 4)
        noise = {name: draws.normal(f"noise_{name}", 8, 4, 4) for name in ("a", "b", "fake_a", "fake_b")}
        with torch.no_grad():
            fakes = {to: decoded(to, encoded(of, x[of]) + noise[of]) for of, to in ("ab", "ba")}
        judged = [
            F.softplus(-loop[f"judge_{n}"](x[n])).mean() + F.softplus(loop[f"judge_{n}"](fakes[n])).mean()
            for n in "ab"
        ]
        step(sum(judged, torch.zeros(())), judges)
        loss = torch.zeros((), dtype=torch.float64)
        for of, to in ("ab", "ba"):
            mean = encoded(of, x[of])
            fake = decoded(to, mean + noise[of])
            mean_again = encoded(to, fake)
            again = decoded(of, mean_again + noise[f"fake_{to}"])
            near = (mean**2).mean() + (mean_again**2).mean()
            gap = F.l1_loss(decoded(of, mean + noise[of]), x[of]) + F.l1_loss(again, x[of])
            loss = loss + 0.1 * near + 100 * gap + 10 * F.softplus(-loop[f"judge_{to}"](fake)).mean()
        step(loss, makers)
    loop.compare()

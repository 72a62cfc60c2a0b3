"""A game of specs/zoo over a pyramid of images against a loop written by hand, two steps, in float64."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from gandsl_runtime.rng import Draws
from tests.games.loop import Loop, called
from tests.zoo.reduced import REDUCED, path_of

LEVELS = ("smallest", "middle", "largest")


def test_lapgan() -> None:
    """At each level what enlarging has lost, of the data or of noise; three games apart (section 3.2)."""
    images = torch.rand(20, 3, 32, 32, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    loop = Loop(path_of("lapgan"), REDUCED["lapgan"], fields={"image": images})
    moving = {
        name: torch.optim.SGD(of.parameters(), 0.02, 0.5, foreach=False) for name, of in loop.networks.items()
    }

    def levels(draws: Draws, x: Tensor) -> list[tuple[str, tuple[Tensor, ...], tuple[Tensor, ...]]]:
        """Of each level its place from the largest on, and what D reads of the data and of noise."""
        half, quarter = F.avg_pool2d(x, 2), F.avg_pool2d(x, 4)
        found = [("2", (quarter,), (loop["smallest"](2 * draws.uniform("z2", 3) - 1),))]
        for at, name, image, below in (("1", "middle", half, quarter), ("0", "largest", x, half)):
            low = F.interpolate(below, scale_factor=2)
            z = 2 * draws.uniform(f"z{at}", image[0, 0].numel()) - 1
            found.append((at, (image - low, low), (loop[name](z, low), low)))
        return found

    def step(names: list[str], losses: list[Tensor]) -> None:
        for name in names:
            moving[name].zero_grad()
        sum(losses, torch.zeros(())).backward()
        for name in names:
            moving[name].step()

    judges = [f"judge_{name}" for name in LEVELS]
    for _ in loop.steps(2):
        for player in ("judges", "generators"):
            draws, losses = loop.draws(player, 4), []
            x = 2 * loop.items(4)["image"] - 1
            for judge, (at, real, made) in zip(judges, levels(draws, x), strict=True):
                if player == "judges":
                    right = F.softplus(-called(loop[judge], draws, f"real{at}", *real)).mean()
                    made = tuple(one.detach() for one in made)
                    losses.append(right + F.softplus(called(loop[judge], draws, f"said{at}", *made)).mean())
                else:
                    losses.append(F.softplus(-called(loop[judge], draws, f"said{at}", *made)).mean())
            step(judges if player == "judges" else list(LEVELS), losses)
    loop.compare()

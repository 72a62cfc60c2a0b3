"""Games of specs/zoo for few images against loops written by hand, two steps each, in float64."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from gandsl_runtime.augment import Augment
from gandsl_runtime.plan import Augment as Pipe
from gandsl_runtime.rng import Draws
from tests.games.loop import Loop, called, descend
from tests.zoo.reduced import REDUCED, path_of

IMAGES = torch.rand(20, 3, 64, 64, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


def test_fastgan() -> None:
    """Hinge by smoothed labels over two images; D's features rebuild the image and a quarter (section 3)."""
    drawn = {"networks.lpips.weights": {"random": True}}
    loop = Loop(path_of("fastgan"), REDUCED["fastgan"] | drawn, fields={"image": IMAGES})
    g, d, lpips = loop["generator"], loop["discriminator"], loop["lpips"]
    judges = ("discriminator", "from_last", "from_small", "from_part")
    moving = [loop.adam(name, 2e-4, (0.5, 0.999)) for name in judges]
    of_g = loop.adam("generator", 2e-4, (0.5, 0.999))
    pipe = Augment(Pipe(pipe=("diff_color", "diff_translation"), p=1.0), (-1.0, 1.0))

    def shown(draws: Draws) -> tuple[Tensor, Tensor]:
        small, image = called(g, draws, "fake", draws.normal("z", 6))
        moved = pipe.view(1.0, draws)
        return moved((image,), "shown")[0], moved((small,), "shown_small")[0]

    def hinge(draws: Draws, id_: str, logits: Tensor) -> Tensor:
        return F.relu(0.8 + 0.2 * draws.uniform(id_, 1, 5, 5) + logits).mean()

    for _ in loop.steps(2):
        draws = loop.draws("", 4)
        seen = pipe.view(1.0, draws)((2 * loop.items(4)["image"] - 1,), "seen")[0]
        with torch.no_grad():
            fake = shown(draws)
        real, second, last, middle, small = d(seen, F.interpolate(seen, (32, 32)))
        said, said_second, *_ = d(*fake)
        judged = hinge(draws, "least", -real) + hinge(draws, "most", said)
        judged = judged + hinge(draws, "least_small", -second) + hinge(draws, "most_small", said_second)
        right, lower = (int(draws.uniform(id_, per="batch") < 0.5) for id_ in ("right", "lower"))

        def quarter(x: Tensor, right: int = right, lower: int = lower) -> Tensor:
            h, w = x.shape[2] // 2, x.shape[3] // 2
            return x[:, :, lower * h : (lower + 1) * h, right * w : (right + 1) * w]

        whole, part = F.interpolate(seen, (32, 32)), F.interpolate(quarter(seen), (32, 32))
        far = lpips(loop["from_last"](last), whole) + lpips(loop["from_small"](small), whole)
        far = far + lpips(loop["from_part"](quarter(middle)), part)
        for optimizer in moving:
            optimizer.zero_grad()
        (judged / 2 + far.sum()).backward()
        for optimizer in moving:
            optimizer.step()
        said, said_second, *_ = d(*shown(draws))
        descend(of_g, -(said.mean() + said_second.mean()) / 2)
        loop.average("generator", 0.999)
    loop.compare()


def test_projected_gan() -> None:
    """Hinge of four judges, on features of a frozen network that a frozen random one mixes (section 3)."""
    drawn = {"networks.features.weights": {"random": True}}
    loop = Loop(path_of("projected_gan"), REDUCED["projected_gan"] | drawn, fields={"image": IMAGES})
    g, features, mixer, judges = (loop[name] for name in ("generator", "features", "mixer", "judges"))
    of_g, of_d = (loop.adam(name, 2e-4, (0.0, 0.99)) for name in ("generator", "judges"))
    pipe = Augment(Pipe(pipe="diffaugment", p=1.0), (-1.0, 1.0))

    def judged(draws: Draws, image: Tensor, id_: str) -> list[Tensor]:
        return list(judges(*mixer(*features(pipe.view(1.0, draws)((image,), id_)[0]))))

    def mean(losses: list[Tensor]) -> Tensor:
        return torch.stack([loss.mean() for loss in losses]).mean()

    for _ in loop.steps(2):
        draws = loop.draws("generator", 4)
        fake = called(g, draws, "fake", draws.normal("z", 6))
        descend(of_g, -mean(judged(draws, fake, "shown")))
        draws = loop.draws("discriminator", 4)
        with torch.no_grad():
            fake = called(g, draws, "fake", draws.normal("z", 6))
        real = judged(draws, 2 * loop.items(4)["image"] - 1, "seen")
        said = judged(draws, fake, "shown")
        descend(of_d, mean([F.relu(1 - x) for x in real]) + mean([F.relu(1 + x) for x in said]))
        loop.average("generator", 0.5 ** (4 / 20e3))
    loop.compare()

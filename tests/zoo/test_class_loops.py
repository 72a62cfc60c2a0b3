"""Games of classes in specs/zoo against loops written by hand, two steps each, in float64."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

import gandsl
from tests.games.loop import Loop, descend
from tests.specs.reduced import SPECS
from tests.zoo.reduced import REDUCED, path_of

STEPS = 2


def test_cgan() -> None:
    """DCGAN's networks, of z beside a one-hot vector and of the image beside planes (1411.1784, eq. 2)."""
    loop = Loop(path_of("cgan"), REDUCED["cgan"], (1, 16, 16), classes=3)
    sizes = {"resolution": 16, "width": 2}
    of_z = gandsl.compile(SPECS / "dcgan.yaml", {**sizes, "z_dim": 5 + 3, "image_channels": 1})
    of_image = gandsl.compile(SPECS / "dcgan.yaml", {**sizes, "z_dim": 5, "image_channels": 1 + 3})
    g, d = of_z.generator.double(), of_image.discriminator.double()
    g.load_state_dict(loop["generator"].state_dict())
    d.load_state_dict(loop["discriminator"].state_dict())
    loop.networks = {"generator": g, "discriminator": d}
    of_g, of_d = (loop.adam(name, 2e-4, (0.5, 0.999)) for name in ("generator", "discriminator"))

    def generated(phase: str) -> tuple[Tensor, Tensor]:
        draws = loop.draws(phase, 8)
        c = loop.labels(draws)
        return g(torch.cat((draws.normal("z", 5), F.one_hot(c, 3)), 1)), c

    def judged(image: Tensor, y: Tensor) -> Tensor:
        planes = F.one_hot(y, 3)[:, :, None, None].expand(-1, -1, 16, 16)
        return d(torch.cat((image, planes), 1))

    for _ in loop.steps(STEPS):
        x, y = loop.real(8)
        assert y is not None
        with torch.no_grad():
            fake, c = generated("discriminator")
        descend(of_d, F.softplus(-judged(x, y)).mean() + F.softplus(judged(fake, c)).mean())
        descend(of_g, F.softplus(-judged(*generated("generator"))).mean())
    loop.compare()

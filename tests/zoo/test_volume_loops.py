"""A game of specs/zoo over volumes against a loop written by hand, two steps, in float64."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.games.loop import Loop, descend
from tests.zoo.reduced import REDUCED, path_of


def test_3d_vae_gan() -> None:
    """D, then the encoder by 5 KL + 1e-4 ‖G(E(y)) − x‖, then G by D and the latter (section 3.2)."""
    rng = torch.Generator().manual_seed(2)
    fields = {
        "volume": torch.rand(20, 1, 8, 8, 8, generator=rng, dtype=torch.float64),
        "photo": torch.rand(20, 3, 16, 16, generator=rng, dtype=torch.float64),
    }
    loop = Loop(path_of("vaegan_3d"), REDUCED["vaegan_3d"], fields=fields)
    e, g, d = (loop[name] for name in ("encoder", "generator", "discriminator"))
    rates = {"encoder": 0.001, "generator": 0.0025, "discriminator": 1e-5}
    of_e, of_g, of_d = (loop.adam(name, lr, (0.5, 0.999)) for name, lr in rates.items())

    def far(again: Tensor, volume: Tensor) -> Tensor:
        return (again - volume).flatten(1).norm(dim=1).mean()

    for _ in loop.steps(2):
        item, draws = loop.items(4), loop.draws("", 4)
        z, noise, volume = draws.normal("z", 3), draws.normal("noise", 3), item["volume"]
        with torch.no_grad():
            fake = g(z)
        descend(of_d, F.softplus(-d(volume)).mean() + F.softplus(d(fake)).mean())
        mean, log_variance = e(item["photo"])
        kl = (log_variance.exp() + mean**2 - 1 - log_variance).sum(1).mean() / 2
        again = g(mean + (log_variance / 2).exp() * noise)
        descend(of_e, 5 * kl + 1e-4 * far(again, volume))
        with torch.no_grad():
            mean, log_variance = e(item["photo"])
        fake, again = g(z), g(mean + (log_variance / 2).exp() * noise)
        descend(of_g, F.softplus(-d(fake)).mean() + 1e-4 * far(again, volume))
    loop.compare()

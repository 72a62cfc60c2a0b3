"""Games of classes in specs/zoo against loops written by hand, two steps each, in float64."""

from __future__ import annotations

from itertools import chain

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import gandsl
from tests.games.loop import Loop, called, descend, resting
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


@pytest.mark.parametrize("name", ["reacgan", "contragan"])
def test_vectors_of_classes(name: str) -> None:
    """Hinge, and D2D-CE (2111.01118, eq. 6) or 2C (2006.12681, eq. 8) by vectors and those of classes."""
    loop = of_classes(name)
    judge, proxy = loop["discriminator"], loop["proxies"]
    term, weight, lr = {"reacgan": (data_to_data, 0.5, 2.8284271e-4), "contragan": (same_class, 1.0, 2e-4)}[
        name
    ]
    weights = chain(judge.parameters(), proxy.parameters())
    of_d = torch.optim.Adam(weights, lr, (0.5, 0.999), foreach=False)
    of_g = loop.adam("generator", lr, (0.5, 0.999))
    for _ in loop.steps(STEPS):
        for repeat in range(2):
            x, y = loop.real(8)
            assert y is not None
            with torch.no_grad():
                fake, _ = generated(loop, "discriminator", repeat)
            real, place = judge(x)
            with resting(judge, "place"):
                said, _ = judge(fake)
            hinge = F.relu(1 - real).mean() + F.relu(1 + said).mean()
            descend(of_d, hinge + weight * term(place, proxy(y), y))
        fake, c = generated(loop, "generator")
        said, place = judge(fake)
        descend(of_g, -said.mean() + weight * term(place, proxy(c), c))
        loop.average("generator", 0.9999)
    loop.compare()


def data_to_data(x: Tensor, proxy: Tensor, y: Tensor) -> Tensor:
    """−log of what each shares with its class, beside the others of other classes; margins 0.98 and 0.02."""
    x = F.normalize(x)
    near = ((x * F.normalize(proxy)).sum(1) - 0.98).clamp(max=0) / 0.5
    others = ((x @ x.T - 0.02).clamp(min=0) / 0.5).masked_fill(y[:, None] == y, -torch.inf)
    return -(near - torch.cat((near[:, None], others), 1).logsumexp(1)).mean()


def same_class(x: Tensor, proxy: Tensor, y: Tensor) -> Tensor:
    """−log of what each shares with its class and those of it, beside all others."""
    x = F.normalize(x)
    pairs = torch.cat(((x * F.normalize(proxy)).sum(1)[:, None], x @ x.T), 1)
    column = torch.zeros(len(x), 1, dtype=torch.bool)
    others = pairs.masked_fill(torch.cat((column, torch.eye(len(x), dtype=torch.bool)), 1), -torch.inf)
    mine = others.masked_fill(torch.cat((column, y[:, None] != y), 1), -torch.inf)
    return (others.logsumexp(1) - mine.logsumexp(1)).mean()


def test_adcgan() -> None:
    """D: hinge and the cross-entropy of 2K classes; G: log(fake | c) − log(real | c) (2107.10060)."""
    loop = of_classes("adcgan")
    judge = loop["discriminator"]
    of_g, of_d = (loop.adam(name, 2e-4, (0.5, 0.999)) for name in ("generator", "discriminator"))
    for _ in loop.steps(STEPS):
        for repeat in range(2):
            x, y = loop.real(8)
            assert y is not None
            with torch.no_grad():
                fake, c = generated(loop, "discriminator", repeat)
            (real, of_x), (said, of_fake) = judge(x), judge(fake)
            hinge = F.relu(1 - real).mean() + F.relu(1 + said).mean()
            descend(of_d, hinge + F.cross_entropy(of_x, y) + F.cross_entropy(of_fake, 3 + c))
        fake, c = generated(loop, "generator")
        said, of_fake = judge(fake)
        descend(of_g, -said.mean() + F.cross_entropy(of_fake, c) - F.cross_entropy(of_fake, 3 + c))
        loop.average("generator", 0.9999)
    loop.compare()


def of_classes(name: str) -> Loop:
    """Two steps of D for one of G on three classes, and an average from the first step on."""
    changes = {"game.players.discriminator.steps": 2, "training.averages.generator.start": "0 img"}
    return Loop(path_of(name), {**REDUCED[name], **changes}, (3, 16, 16), classes=3)


def generated(loop: Loop, phase: str, repeat: int = 0) -> tuple[Tensor, Tensor]:
    """Images of classes that are drawn evenly."""
    draws = loop.draws(phase, 8, repeat)
    c = (draws.uniform("c") * 3).long()
    made: Tensor = called(loop["generator"], draws, "fake", draws.normal("z", 6), c)
    return made, c

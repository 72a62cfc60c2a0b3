"""Interpolation: through latents on the sphere, through styles in a line, through classes."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from gandsl_runtime.layers import Embedding, OneHot
from gandsl_runtime.network import Network, Port
from gandsl_runtime.sample import SamplingError, interpolate, sample
from gandsl_runtime.sample.interpolation import between, slerp
from tests.runtime.networks import StyleGenerator, seeded


class Echo(Network):
    """Gives its latent back, and what an embedding and a one-hot layer read of its label, as one row."""

    def __init__(self, classes: int = 0, distribution: str = "normal") -> None:
        super().__init__()
        self.inputs = (Port("z", "Latent", (50,), distribution),)
        if classes:
            self.inputs += (Port("y", "Label", (classes,)),)
            self.embed, self.hot = Embedding(classes, 6), OneHot(classes)
        self.calls: list[int] = []

    def program(self, entry="forward", level=None, fading=False):
        def run(z, y=None):
            self.calls.append(len(z))
            row = z if y is None else torch.cat((z, self.embed(y), self.hot(y)), 1)
            return row[:, None, None, :]

        return run


def frames(network: Network, *args, **options) -> torch.Tensor:
    """(frames, ways, …) of the only output."""
    return torch.stack([images[0] for images in interpolate(network, *args, **{"noise": "none", **options})])


def angle(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """By the arc tangent: exact for small angles, too."""
    a, b = F.normalize(a.double(), dim=-1), F.normalize(b.double(), dim=-1)
    return 2 * torch.atan2((a - b).norm(dim=-1), (a + b).norm(dim=-1))


# ---- slerp ----------


def test_slerp_ends_at_its_ends():
    a, b = torch.randn(2, 7, 64)
    assert torch.equal(slerp(a, b, torch.zeros(7, 1)), a)
    torch.testing.assert_close(slerp(a, b, torch.ones(7, 1)), b, rtol=1e-5, atol=1e-6)


def test_slerp_turns_at_constant_speed_and_grows_evenly():
    a, b = torch.randn(64, dtype=torch.double), 3 * torch.randn(64, dtype=torch.double)
    t = torch.linspace(0, 1, 11, dtype=torch.double)[:, None]
    path = slerp(a, b, t)
    steps = angle(path[1:], path[:-1])
    torch.testing.assert_close(steps, angle(a, b).expand(10) / 10, rtol=1e-9, atol=0)
    torch.testing.assert_close(path.norm(dim=1), torch.lerp(a.norm(), b.norm(), t[:, 0]), rtol=1e-9, atol=0)
    # in the plane of its ends
    basis = torch.linalg.qr(torch.stack([a, b], 1)).Q
    torch.testing.assert_close(path @ basis @ basis.T, path, rtol=1e-9, atol=1e-12)


def test_slerp_in_the_plane_is_a_rotation():
    a = torch.tensor([1.0, 0.0])
    b = torch.tensor([math.cos(2.0), math.sin(2.0)])
    expected = torch.tensor([math.cos(0.5), math.sin(0.5)])
    torch.testing.assert_close(slerp(a, b, torch.tensor([0.25])), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("other", [2.0, -1.0, 0.0])
def test_slerp_is_straight_where_there_is_no_arc(other):
    a = torch.tensor([0.6, 0.8])
    found = slerp(a, other * a, torch.tensor([0.25]))
    torch.testing.assert_close(found, a * (1 + (other - 1) * 0.25))


def test_between_stops():
    stops = torch.tensor([[0.0], [10.0], [30.0]])
    times = torch.tensor([0.0, 0.5, 1.0, 1.75, 2.0, 2.5])
    assert between(stops, times, torch.lerp).flatten().tolist() == [0, 5, 10, 25, 30, 15]


# ---- through latents ----------


def test_a_way_through_latents_stops_at_its_seeds():
    found = frames(Echo(), [3, 1, 8], space="z", steps=4)[:, 0, 0, 0]
    stops = sample(Echo(), [3, 1, 8], noise="none")[0][:, 0, 0]
    assert len(found) == 9
    torch.testing.assert_close(found[::4], stops, rtol=1e-5, atol=1e-6)
    for leg in range(2):
        steps = angle(found[4 * leg + 1 : 4 * leg + 5], found[4 * leg : 4 * leg + 4])
        torch.testing.assert_close(steps, angle(stops[leg], stops[leg + 1]).expand(4) / 4, rtol=1e-4, atol=0)


def test_a_loop_ends_before_its_first_frame():
    found = frames(Echo(), [3, 1, 8], space="z", steps=4, loop=True)[:, 0, 0, 0]
    assert len(found) == 12
    one_leg = frames(Echo(), [8, 3], space="z", steps=4)[:, 0, 0, 0]
    torch.testing.assert_close(found[8:], one_leg[:4], rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(found[0], one_leg[4], rtol=1e-5, atol=1e-6)


def test_uniform_latents_go_straight():
    found = frames(Echo(distribution="uniform"), [3, 1], space="z", steps=2)[:, 0, 0, 0]
    torch.testing.assert_close(found[1], (found[0] + found[2]) / 2)
    assert found.abs().max() <= 1


def test_a_way_for_each_class():
    network = Echo(4)
    found = frames(network, [3, 1], [2, 0, 2], space="z", steps=3)[:, :, 0, 0]
    assert found.shape[:2] == (4, 3)
    assert torch.equal(found[..., -4:], F.one_hot(torch.tensor([2, 0, 2]), 4).expand(4, 3, 4).float())
    assert torch.equal(found[:, 0, :50], found[:, 1, :50])
    drawn = sample(network, [3])[0][0, 0, 0, -4:]  # without classes: the one of the first seed
    alone = frames(network, [3, 1], space="z", steps=3)[:, 0, 0, 0]
    assert torch.equal(alone[:, -4:], drawn.expand(4, 4))


def test_batches_do_not_show():
    network = Echo(4)
    whole = frames(network, [3, 1, 5], [2, 0], space="z", steps=5)
    network.calls.clear()
    apart = frames(network, [3, 1, 5], [2, 0], space="z", steps=5, batch=7)
    torch.testing.assert_close(whole, apart)
    assert network.calls == [6, 6, 6, 4]  # three moments of two ways


def test_frames_are_drawn_as_they_are_asked_for():
    network = Echo()
    way = interpolate(network, [1, 2], space="z", steps=10**12, batch=4)  # no memory holds them
    next(way)
    assert network.calls == [4]


# ---- through styles ----------


def styles_of(network: Network, seeds) -> torch.Tensor:
    z = torch.cat([torch.empty(1, 6).normal_(generator=torch.Generator().manual_seed(s)) for s in seeds])
    with torch.no_grad():
        return network.eval().mapping(z)


@pytest.mark.parametrize("psi", [None, 0.6])
def test_a_way_through_styles_is_the_synthesis_of_a_line(psi):
    G = seeded(StyleGenerator)
    G.average.average.normal_()
    ws = styles_of(G, [4, 9])
    if psi:
        ws = G.average.average + psi * (ws - G.average.average)
    found = frames(G, [4, 9], space="w", steps=4, truncation=psi)
    with torch.no_grad():
        for index, image in enumerate(found):
            t = index / 4
            torch.testing.assert_close(image, G.synthesis((1 - t) * ws[:1] + t * ws[1:]))


# ---- through classes ----------


def test_a_way_through_classes_mixes_what_reads_them():
    network = seeded(Echo, 4)
    found = frames(network, [7, 8, 9], [3, 1], space="class", steps=4)[:, :, 0, 0]
    assert found.shape[:2] == (5, 3)
    ends = [sample(network, [7, 8, 9], [label] * 3)[0][:, 0, 0] for label in (3, 1)]
    for index, now in enumerate(found):
        torch.testing.assert_close(now, torch.lerp(*ends, index / 4))


# what is asked of which network → words of the message
REFUSED = [
    (lambda: Echo(), ([1],), {"space": "z"}, "two seeds"),
    (lambda: Echo(4), ([1, 2], [3]), {"space": "class"}, "two classes"),
    (lambda: Echo(), ([1, 2], [0, 1]), {"space": "class"}, "takes no classes"),
    (lambda: Echo(4), ([1, 2], [0, 4]), {"space": "class"}, "no class 4"),
    (lambda: Echo(), ([1, 2],), {"space": "w"}, "interpolation in w works on a style space"),
    (lambda: Echo(), ([1, 2],), {"space": "z", "steps": 0}, "0 steps"),
    (lambda: Echo(), ([1, 2],), {"space": "z", "batch": 0}, "batches of 0"),
]


@pytest.mark.parametrize(("make", "args", "options", "words"), REFUSED)
def test_what_a_network_can_not_do(make, args, options, words):
    with pytest.raises(SamplingError, match=words) as caught:
        interpolate(make(), *args, **{"steps": 2, **options})  # before a frame is asked for
    assert caught.value.exit_code == 2

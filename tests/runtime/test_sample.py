"""Sampling: seeds, classes, truncation, noise; and the grid."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from gandsl_runtime.layers import Noise
from gandsl_runtime.media import images
from gandsl_runtime.network import Network, Port
from gandsl_runtime.observers.grids import write_shown
from gandsl_runtime.plan.schedule import Stage
from gandsl_runtime.sample import SamplingError, sample
from tests.runtime import nets
from tests.runtime.helpers import arrays, plan
from tests.runtime.networks import (
    ConvDiscriminator,
    ConvGenerator,
    GrowingDiscriminator,
    GrowingGenerator,
    StyleGenerator,
    seeded,
)


class Echo(Network):
    """Gives its inputs back: the latent as a row of pixels, the class as one more."""

    def __init__(self, classes: int = 0, distribution: str = "normal") -> None:
        super().__init__()
        self.inputs = (Port("z", "Latent", (500,), distribution),)
        if classes:
            self.inputs += (Port("y", "Label", (classes,)),)
        self.outputs = (Port("image", "Image", (1, 1, 500)),)
        self.noise = Noise(1, (1, 500), init=1.0)

    def program(self, entry="forward", level=None, fading=False):
        def run(z, y=None):
            row = z if y is None else torch.cat((y[:, None].float(), z[:, 1:]), 1)
            return self.noise(row[:, None, None, :])

        return run


def row(network: Network, seeds, classes=None, **options) -> torch.Tensor:
    return sample(network, seeds, classes, **{"noise": "none", **options})[0][:, 0, 0]


def test_a_seed_gives_its_latent_whatever_stands_beside_it():
    alone = row(Echo(), [7])
    among = row(Echo(), [3, 7, 5], batch=2)
    assert torch.equal(alone[0], among[1])
    assert not torch.equal(among[0], among[2])
    assert abs(among.mean()) < 0.1 and abs(among.std() - 1) < 0.1


def test_distributions():
    uniform = row(Echo(distribution="uniform"), [1, 2])
    assert uniform.min() < -0.9 and uniform.max() > 0.9 and uniform.abs().max() <= 1
    truncated = row(Echo(distribution="truncated_normal"), range(8))
    assert 1.8 < truncated.abs().max() <= 2


def test_truncated_latents_are_drawn_again():
    free, bound = row(Echo(), range(8)), row(Echo(), range(8), truncation=0.5)
    assert bound.abs().max() <= 0.5
    inside = free.abs() <= 0.5
    assert torch.equal(free[inside], bound[inside])
    assert (bound.abs() == 0.5).sum() == 0  # drawn again, not clamped


def test_classes():
    assert row(Echo(4), [1, 2, 3], [3, 0, 2])[:, 0].tolist() == [3, 0, 2]
    drawn = row(Echo(4), range(40))[:, 0]
    assert set(drawn.tolist()) == {0, 1, 2, 3}
    assert row(Echo(4), [9])[0, 0] == row(Echo(4), [8, 9])[1, 0]


def test_noise_modes():
    network = Echo()
    none, constant = row(network, [1]), row(network, [1], noise="constant")
    torch.testing.assert_close(constant - none, network.noise.constant, rtol=0, atol=1e-6)
    random = [row(network, [1], noise="random") - none for _ in range(2)]
    assert torch.equal(*random) and (random[0] - network.noise.constant).abs().max() > 0.1
    assert network.noise.mode == "random"


def test_truncation_of_styles_up_to_a_layer():
    G = seeded(StyleGenerator)
    G.average.average.normal_()
    seen = []
    G.synthesis = lambda ws: seen.append(ws.clone()) or StyleGenerator.synthesis(G, ws)
    for options in ({}, {"truncation": 0.6}, {"truncation": 0.6, "cutoff": 1}, {"truncation": 0.0}):
        sample(G, [1, 2], **options)
    free, all_layers, first_layer, mean = seen
    expected = G.average.average + 0.6 * (free - G.average.average)
    torch.testing.assert_close(all_layers, expected)
    torch.testing.assert_close(first_layer[:, :1], expected[:, :1])
    assert torch.equal(first_layer[:, 1:], free[:, 1:])
    assert torch.equal(mean[0], mean[1])


def test_sampling_leaves_no_trace():
    G = seeded(ConvGenerator, 3).train()
    before = {name: tensor.clone() for name, tensor in G.state_dict().items()}
    G.fc.eval()
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    sample(G, [1, 2, 3])
    assert torch.rand(1) == expected
    assert G.training and not G.fc.training and G.norm.training
    assert all(torch.equal(before[name], tensor) for name, tensor in G.state_dict().items())


def test_levels():
    G = seeded(GrowingGenerator)
    shapes = [
        sample(G, [1], stage=stage)[0].shape[-1] for stage in (Stage(0), Stage(1, True, 0.5), Stage(2), None)
    ]
    assert shapes == [4, 8, 16, 16]


# what is asked of which network → words of the message
REFUSED = [
    (lambda: Echo(), {"seeds": []}, "no seeds"),
    (lambda: Echo(), {"seeds": [1], "classes": [0]}, "takes no classes"),
    (lambda: Echo(4), {"seeds": [1, 2], "classes": [0]}, "1 classes for 2 seeds"),
    (lambda: Echo(4), {"seeds": [1], "classes": [4]}, "no class 4"),
    (lambda: Echo(), {"seeds": [1], "truncation": 0.5, "cutoff": 2}, "cutoff limits"),
    (lambda: StyleGenerator(), {"seeds": [1], "cutoff": 2}, "cutoff limits"),
    (lambda: Echo(), {"seeds": [1], "truncation": 0.0}, "no room"),
    (lambda: Echo(distribution="uniform"), {"seeds": [1], "truncation": 0.5}, "uniform"),
]


@pytest.mark.parametrize(("make", "asked", "words"), REFUSED)
def test_what_a_network_can_not_do(make, asked, words):
    with pytest.raises(SamplingError, match=words):
        sample(make(), **asked)


def test_truncation_without_a_running_mean():
    G = seeded(StyleGenerator)
    G.average = nn.Identity()
    with pytest.raises(SamplingError, match="running mean of w"):
        sample(G, [1], truncation=0.5)


# ---- pixels and grids ----------


def test_pixels_round_and_clamp():
    values = torch.tensor([-9.0, -1.0, 0.0, 1.0, 9.0, -1 + 2 * 100.6 / 255])
    assert images.to_pixels(values, -1, 1).tolist() == [0, 0, 128, 255, 255, 101]
    assert images.to_pixels(torch.tensor([0.0, 0.5, 1.0]), 0, 1).tolist() == [0, 128, 255]


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (2, "LA"), (3, "RGB"), (4, "RGBA"), (6, "RGB")])
def test_grid(channels, mode):
    pixels = torch.arange(6 * channels * 2 * 3, dtype=torch.uint8).view(6, channels, 2, 3)
    image = images.grid(pixels, columns=3)
    assert image.mode == mode and image.size == (9, 4)
    array = np.asarray(image).reshape(4, 9, -1)
    shown = array[2:4, 3:6].transpose(2, 0, 1)  # second row, second column: the fifth
    np.testing.assert_array_equal(shown, pixels[4][: array.shape[2]].numpy())


class Sums(Network):
    """What Echo gives → one number."""

    def __init__(self) -> None:
        super().__init__()
        self.inputs = (Port("image", "Image", (1, 1, 500)), Port("y", "Label", (3,)))
        self.outputs = (Port("logit", "Logits", (1,)),)
        self.sum = nn.Linear(500, 1)

    def program(self, entry="forward", level=None, fading=False):
        return lambda image, y: self.sum(image.flatten(1))


def test_conditional_grids_are_sorted_by_class(tmp_path):
    def written(players, columns, **changes):
        size = tuple(players[0].outputs[0].shape[1:])
        run = nets.trainer_of(plan(**changes), players, data=arrays(size=size, classes=3), observing=())
        return write_shown(tmp_path / "g.png", run.state, run.data, run.state.now(), columns)

    layout = written((seeded(ConvGenerator, 3), seeded(ConvDiscriminator, 3)), 4)
    assert layout.rows == (0, 1, 2)
    assert Image.open(tmp_path / "g.png").size == (4 * 8, 3 * 8)
    network = Echo(3)
    network.noise.strength.data.zero_()
    written((network, Sums()), 1, data={"range": [0, 2]})
    assert np.asarray(Image.open(tmp_path / "g.png"))[:, 0].tolist() == [0, 128, 255]


def test_grids_of_a_level_are_enlarged(tmp_path):
    growing = plan(growth={"stable": "40 img", "fade": "20 img"})
    players = seeded(GrowingGenerator), seeded(GrowingDiscriminator)
    run = nets.trainer_of(growing, players, data=arrays(size=(16, 16)), observing=())
    write_shown(tmp_path / "g.png", run.state, run.data, run.state.now(), 5)
    image = np.asarray(Image.open(tmp_path / "g.png"))
    assert image.shape == (3 * 16, 5 * 16)
    assert (image[::4, ::4] == image[3::4, 3::4]).all()

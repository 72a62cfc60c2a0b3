"""Noise, labels, sources, averages and norms against formulas written another way, in float64."""

from __future__ import annotations

import math
from contextlib import nullcontext

import pytest
import torch
from torch import Tensor, nn

from gandsl_runtime import layers
from gandsl_runtime.rng import CallDraws, Draws, Key, Part, drawing
from tests.runtime.formulas import same

pytestmark = pytest.mark.usefixtures("float64")


def test_bias_and_gain() -> None:
    x, v = torch.randn(2, 3, 4, 5), torch.randn(2, 3)
    bias = layers.Bias(3, init=0.7, lr_multiplier=0.1)
    assert torch.allclose(bias.bias, torch.tensor(7.0))
    same(bias(x), x + 0.7)
    same(bias(v), v + 0.7)
    one, each = layers.Gain(3, init=0.5), layers.Gain(3, per_channel=True)
    assert one.weight.shape == () and each.weight.shape == (3,)
    with torch.no_grad():
        each.weight.copy_(torch.tensor([1.0, 2.0, 3.0]))
    same(one(x), x / 2)
    same(each(x)[:, 1], x[:, 1] * 2)
    same(each(v)[:, 2], v[:, 2] * 3)


@pytest.mark.parametrize("per_channel", [False, True])
def test_noise_modes(per_channel: bool) -> None:
    layer = layers.Noise(3, (4, 5), per_channel=per_channel, init=0.5)
    x = torch.zeros(2, 3, 4, 5)
    torch.manual_seed(3)
    y = layer(x)
    torch.manual_seed(3)
    plane = torch.randn(2, 1, 4, 5)
    same(y, (plane * 0.5).expand(2, 3, 4, 5))
    network = nn.Sequential(layer)
    layers.set_noise_mode(network, "constant")
    same(layer(x), (layer.constant * 0.5).expand(2, 3, 4, 5))
    layers.set_noise_mode(network, "none")
    assert torch.equal(layer(x), x) and layer(x, plane=True) is None
    with pytest.raises(ValueError, match="random, constant, none"):
        layers.set_noise_mode(network, "off")


def test_labels() -> None:
    y = torch.tensor([2, 0])
    embedding = layers.Embedding(3, 4, weight="equalized")
    same(embedding(y), embedding.weight[[2, 0]] / math.sqrt(3))
    one_hot = layers.OneHot(3)
    assert one_hot(y).tolist() == [[0, 0, 1], [1, 0, 0]] and one_hot(y).dtype == torch.float64
    assert not one_hot.state_dict()


def test_constant_and_coordinates() -> None:
    constant = layers.Constant(2, (3, 4), init="ones")
    assert torch.equal(constant(torch.zeros(5, 7)), torch.ones(5, 2, 3, 4))
    assert not layers.Constant(2, 3, init="zeros").weight.any()
    grid = layers.Coordinates((2, 4))(torch.zeros(3, dtype=torch.int64))
    assert grid.shape == (3, 2, 2, 4)
    assert grid[1, 0, 1].tolist() == [-0.75, -0.25, 0.25, 0.75] and grid[1, 1, :, 0].tolist() == [-0.5, 0.5]


def test_running_average() -> None:
    layer = layers.TrackAverage(2, beta=0.9)
    x = torch.tensor([[1.0, 2.0], [3.0, 6.0]])
    assert layer(x) is x
    same(layer.average, torch.tensor([0.2, 0.4]))
    layer(x)
    same(layer.average, torch.tensor([0.38, 0.76]))
    layer.eval()(x)
    same(layer.average, torch.tensor([0.38, 0.76]))


def normalized(x: Tensor, groups: int, eps: float = 1e-5) -> Tensor:
    flat = x.reshape(x.shape[0], groups, -1)
    mean = flat.mean(2, keepdim=True)
    variance = (flat - mean).square().mean(2, keepdim=True)
    return ((flat - mean) / (variance + eps).sqrt()).reshape(x.shape)


def test_norms_of_a_sample() -> None:
    x, v = torch.randn(2, 6, 3, 4), torch.randn(2, 6)
    for layer, groups, given in (
        (layers.InstanceNorm(6), 6, x),
        (layers.InstanceNorm(6, affine=True), 6, x[:, :, :1, :1]),
        (layers.GroupNorm(6, groups=2), 2, x),
        (layers.LayerNorm(6), 1, x),
        (layers.LayerNorm(6, affine=False, eps=0.1), 1, v),
    ):
        same(layer(given), normalized(given, groups, layer.eps))
    layer = layers.LayerNorm(6)
    with torch.no_grad():
        layer.weight.copy_(torch.arange(6.0))
        layer.bias.fill_(2.0)
    same(layer(x)[:, 3], normalized(x, 1)[:, 3] * 3 + 2)
    assert not layers.InstanceNorm(6).state_dict()


def test_layer_norms_of_places() -> None:
    """Over the channels of each pixel, the features of each token, or a whole sample of tokens."""
    x, t = torch.randn(2, 6, 3, 4), torch.randn(2, 5, 6)
    scale, shift = torch.arange(1.0, 7.0), torch.randn(6)
    for layer, given in (
        (layers.LayerNorm(6, over="channels"), x),
        (layers.LayerNorm(6, last=True), t),
        (layers.LayerNorm(6, over="features", last=True, affine=False), t),
        (layers.LayerNorm(6, over="sample", last=True), t),
    ):
        at = (1, 2) if layer.over == "sample" else (1,) if given is x else (2,)
        mean, variance = given.mean(at, keepdim=True), given.var(at, correction=0, keepdim=True)
        y = (given - mean) / (variance + 1e-5).sqrt()
        if layer.weight is not None:
            with torch.no_grad():
                layer.weight.copy_(scale)
                layer.bias.copy_(shift)
            y = y * scale[:, None, None] + shift[:, None, None] if given is x else y * scale + shift
        same(layer(given), y)


def test_gain_and_bias_of_tokens() -> None:
    t = torch.randn(2, 5, 6)
    gain, bias = layers.Gain(6, per_channel=True, last=True), layers.Bias(6, last=True)
    with torch.no_grad():
        gain.weight.copy_(torch.arange(6.0))
        bias.bias.copy_(torch.arange(6.0))
    same(bias(gain(t)), (t + 1) * torch.arange(6.0))


def test_batch_norm() -> None:
    layer = layers.BatchNorm(3, momentum=0.25, init_std=0.1)
    assert 0 < layer.weight.std() < 0.5 and set(layer.state_dict()) == {
        "weight",
        "bias",
        "running_mean",
        "running_var",
    }
    x = torch.randn(4, 3, 2, 2) * 3 + 1
    mean, variance = x.mean((0, 2, 3)), x.transpose(0, 1).flatten(1).var(1, correction=0)
    y = layer(x)
    shape = (-1, 1, 1)
    same(y, (x - mean.view(shape)) / (variance.view(shape) + 1e-5).sqrt() * layer.weight.view(shape))
    same(layer.running_mean, 0.25 * mean)
    same(layer.running_var, 0.75 + 0.25 * variance * 16 / 15)
    layer.eval()
    same(
        layer(x),
        (x - layer.running_mean.view(shape))
        / (layer.running_var.view(shape) + 1e-5).sqrt()
        * layer.weight.view(shape),
    )
    assert layers.BatchNorm(3)(torch.randn(4, 3)).shape == (4, 3)


def test_batch_norm_with_statistics_for_truncations() -> None:
    layer, plain = layers.BatchNorm(3, rows=5, momentum=0.25), layers.BatchNorm(3, momentum=0.25)
    x = torch.randn(4, 3, 2, 2) * 3 + 1
    same(layer(x), plain(x))
    same(layer.running_mean, plain.running_mean.expand(5, 3))  # training moves all rows alike
    same(layer.running_var, plain.running_var.expand(5, 3))
    layer.eval()
    same(layer(x), plain.eval()(x))
    with torch.no_grad():
        layer.running_mean += torch.arange(5.0)[:, None]
        layer.running_var *= torch.arange(1.0, 6.0)[:, None]
    for truncation, low, share in ((1.0, 4, 1.0), (0.0, 0, 1.0), (0.25, 1, 1.0), (0.3125, 1, 0.25)):
        assert layers.set_truncation(layer, truncation)
        mean, variance = (  # the fraction weighs the lower row, as was published
            rows[low] * share + rows[min(low + 1, 4)] * (1 - share)
            for rows in (layer.running_mean, layer.running_var)
        )
        same(layer(x), (x - mean.view(3, 1, 1)) / (variance.view(3, 1, 1) + 1e-5).sqrt())
    with pytest.raises(ValueError, match=r"from 0 to 1, not 1\.5"):
        layers.set_truncation(layer, 1.5)
    assert not layers.set_truncation(plain, 1.5)


def test_dropout_keeps_the_mean_and_rests_in_evaluation() -> None:
    layer, x = layers.Dropout(0.25), torch.ones(100, 100)
    y = layer(x)
    assert y.unique().tolist() == pytest.approx([0.0, 4 / 3])
    assert y.mean().item() == pytest.approx(1.0, abs=0.02)
    assert torch.equal(layer.eval()(x), x)


@pytest.mark.parametrize("drawn", [True, False])
def test_dropout_of_everything_is_zero(drawn: bool) -> None:
    layer, x = layers.Dropout(1.0), torch.ones(3, 5, requires_grad=True)
    draws = Draws(torch.device("cpu"), torch.float32, Part(0, 1, 3), Key(0, 0, "generator"))
    layer.path = "dropout"
    with drawing(CallDraws(draws, "fake")) if drawn else nullcontext():
        y = layer(x)
    (gradient,) = torch.autograd.grad(y.sum(), x)
    assert not y.any() and not gradient.any()

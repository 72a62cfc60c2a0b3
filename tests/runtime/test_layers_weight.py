"""How weights are parametrized and initialized, against formulas written another way, in float64."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

from gandsl_runtime import layers
from tests.runtime.formulas import same

pytestmark = pytest.mark.usefixtures("float64")


def test_equalized_linear_with_learning_rate_multiplier() -> None:
    layer = layers.Linear(50, 40, weight="equalized", gain=1.5, lr_multiplier=0.01, bias_init=2.0)
    assert 90 < layer.weight.std() < 110  # N(0, 1) / 0.01
    assert layer.bias is not None and torch.all(layer.bias == 200.0)
    x = torch.randn(3, 50)
    same(
        layer(x),
        torch.einsum("ni,oi->no", x, layer.weight) * (1.5 * 0.01 / math.sqrt(50)) + layer.bias * 0.01,
    )


def test_equalized_is_scaled_on_the_smaller_side_and_is_the_same() -> None:
    small, large = torch.randn(2, 20, 2, 2), torch.randn(2, 20, 40, 40)
    layer = layers.Conv2d(20, 30, weight="equalized", bias=False)
    for x in (small, large):
        same(layer(x), functional.conv2d(x, layer.weight, padding=1) / math.sqrt(20 * 9))


def test_lr_multiplier_without_equalization() -> None:
    layer = layers.Conv2d(3, 4, lr_multiplier=0.5, bias_init=1.0)
    x = torch.randn(2, 3, 5, 5)
    same(layer(x), functional.conv2d(x, layer.weight * 0.5, torch.ones(4), padding=1))


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda **o: layers.Linear(6, 4, **o), (4, 6)),
        (lambda **o: layers.Conv2d(2, 4, **o), (4, 18)),
        (lambda **o: layers.ConvTranspose2d(3, 4, **o), (3, 64)),
        (lambda **o: layers.Embedding(5, 6, **o), (5, 6)),
        (lambda **o: layers.ModulatedConv2d(3, 4, **o), (4, 27)),
    ],
)
def test_spectral_weight_has_top_singular_value_one(make: Any, shape: tuple[int, int]) -> None:
    layer = make(weight="spectral")
    assert {"u0", "sv0"} < set(layer.state_dict()) and "v0" not in layer.state_dict()
    for _ in range(300):
        factor = layer.factor()
    singular = torch.linalg.svdvals(layer.weight.reshape(shape))
    torch.testing.assert_close(1 / factor.squeeze(), singular[0], rtol=1e-6, atol=0)
    torch.testing.assert_close(layer.sv0.squeeze(), singular[0], rtol=1e-6, atol=0)


def test_spectral_step_as_published() -> None:
    """u, v ← one step; σ = v·Wᵀ·uᵀ. Saved in training, iterated but not saved in evaluation."""
    layer = layers.Linear(6, 4, weight="spectral", spectral_eps=1e-6, bias=False)
    w, u0, x = layer.weight.detach(), layer.u0.clone(), torch.randn(2, 6)
    v = u0 @ w
    v = v / v.norm()
    u = v @ w.T
    u = u / u.norm()
    sigma = (v @ w.T @ u.T).squeeze()
    layer.eval()
    for _ in range(2):  # evaluation starts from the saved vector every time
        same(layer(x), x @ (w / sigma).T)
        same(layer.u0, u0)
    layer.train()
    same(layer(x), x @ (w / sigma).T)
    same(layer.u0, u)
    same(layer.sv0.squeeze(), sigma)


def test_spectral_gradient_flows_through_sigma_only_by_the_weight() -> None:
    layer = layers.Linear(3, 2, weight="spectral", bias=False).eval()
    x = torch.randn(4, 3)
    (gradient,) = torch.autograd.grad(layer(x).square().sum(), layer.weight)
    w = layer.weight.detach().clone().requires_grad_()
    with torch.no_grad():
        v = functional.normalize(layer.u0 @ w)
        u = functional.normalize(v @ w.T)
    loss = (x @ (w / (v @ w.T @ u.T)).T).square().sum()
    same(gradient, torch.autograd.grad(loss, w)[0])


def test_spectral_that_rests_in_evaluation_is_as_torchs_own() -> None:
    theirs = nn.utils.spectral_norm(nn.Linear(6, 4))
    ours = layers.Linear(6, 4, weight="spectral", spectral_eval=False)
    with torch.no_grad():
        ours.weight.copy_(theirs.weight_orig)
        ours.bias.copy_(theirs.bias)
        ours.u0.copy_(theirs.weight_u[None])
        ours.v0.copy_(theirs.weight_v[None])
    x = torch.randn(3, 6)
    for training in (False, True, False):
        ours.train(training), theirs.train(training)
        same(ours(x), theirs(x))


@pytest.mark.parametrize(
    ("init", "scale", "std"),
    [
        ("normal", 0.3, 0.3),
        ("uniform", 0.3, 0.3 / math.sqrt(3)),
        ("fan_in_uniform", 2.0, 2.0 / math.sqrt(3 * 180)),
        ("he_normal", 1.0, math.sqrt(2 / 180)),
        ("xavier_uniform", 0.5, 0.5 * math.sqrt(2 / (180 + 270))),
        ("xavier_normal", 2.0, 2.0 * math.sqrt(2 / (180 + 270))),
        ("auto", 1.0, 1.0 / math.sqrt(3 * 180)),
        ("zeros", 1.0, 0.0),
    ],
)
def test_initial_spread(init: str, scale: float, std: float) -> None:
    layer = layers.Conv2d(20, 30, init=init, init_scale=scale)
    assert layer.weight.std().item() == pytest.approx(std, rel=0.03)
    assert layer.weight.mean().item() == pytest.approx(0.0, abs=0.05 * std + 1e-12)


def test_orthogonal_and_ones() -> None:
    w = layers.Linear(20, 10, init="orthogonal", init_scale=2.0).weight
    same(w @ w.T, 4 * torch.eye(10))
    for shape in ((12, 5), (9, 9), (5, 40)):  # tall, square, wide
        w = layers.Linear(*shape, init="orthogonal").weight
        same(w @ w.T if shape[1] <= shape[0] else w.T @ w, torch.eye(min(shape)))
    assert torch.all(layers.Linear(2, 3, init="ones", init_scale=0.5).weight == 0.5)
    assert layers.ModulatedConv2d(50, 40).weight.std().item() == pytest.approx(1.0, rel=0.03)
    assert layers.Embedding(50, 40).weight.std().item() == pytest.approx(1.0, rel=0.05)


def test_a_seed_gives_the_same_layers_and_meta_waits_for_its_memory() -> None:
    def build() -> nn.Module:
        return nn.Sequential(layers.Linear(3, 4, weight="spectral"), layers.Noise(4, (2, 3)), layers.Fir())

    torch.manual_seed(7)
    first = build()
    torch.manual_seed(7)
    second = build()
    with torch.device("meta"):
        third = build()
    assert all(p.is_meta for p in third.parameters())
    state = torch.get_rng_state()
    layers.materialize(third, seed=7)
    assert torch.equal(state, torch.get_rng_state())
    for key, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[key])
        assert torch.equal(value, third.state_dict()[key])
    assert torch.equal(first[2].kernel, third[2].kernel)
    with torch.device("meta"):
        fourth = build()
    layers.materialize(fourth, draw=False).load_state_dict(first.state_dict())
    assert torch.equal(first[0].weight, fourth[0].weight) and torch.equal(first[2].kernel, fourth[2].kernel)


def test_normalized_with_a_gain_behind_it_is_torchs_weight_norm() -> None:
    """Salimans and Kingma's w = g · v / ‖v‖: the learned g and the bias are layers of their own here."""
    theirs = nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 4, 3, padding=1))
    ours = nn.Sequential(
        layers.Conv2d(3, 4, weight="normalized", bias=False), layers.Gain(4, per_channel=True), layers.Bias(4)
    )
    with torch.no_grad():
        theirs.parametrizations.weight.original0.copy_(torch.rand(4, 1, 1, 1) + 0.5)
        ours[0].weight.copy_(theirs.parametrizations.weight.original1)
        ours[1].weight.copy_(theirs.parametrizations.weight.original0.flatten())
        ours[2].bias.copy_(theirs.bias)
    x = torch.randn(2, 3, 5, 5, requires_grad=True)
    same(ours(x), theirs(x))
    mine, other = (torch.autograd.grad(net(x).square().sum(), x)[0] for net in (ours, theirs))
    same(mine, other)


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv2d(4, 6, weight="forced", gain=1.5, lr_multiplier=0.1, groups=2),
        layers.ConvTranspose2d(4, 6, weight="forced", groups=2, kernel=3),
        layers.Linear(3, 5, weight="forced"),
        layers.Embedding(5, 8, weight="forced", gain=2.0),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_forced_weights_are_stored_with_root_mean_square_1(layer: layers.Layer) -> None:
    layer = layer.double()
    with torch.no_grad():
        layer.weight.mul_(3.0)
    before, factor = layer.used(None)
    layer.force()
    after, _ = layer.used(None)
    same(after, before)
    assert factor == layer.gain
    same(layer.weight.square().mean().sqrt(), torch.tensor(1 / layer.lr_multiplier).double())


def test_normalized_weights_of_each_output_have_the_norm_gain() -> None:
    """EDM2, equation 47: over its root mean square, over √fan_in; whatever is stored, and by groups."""
    conv = layers.Conv2d(4, 6, weight="normalized", gain=1.5, lr_multiplier=0.1, groups=2)
    used, factor = conv.used(None)
    root_mean_square = conv.weight.square().mean((1, 2, 3), keepdim=True).sqrt()
    same(used * factor, conv.weight / root_mean_square / math.sqrt(2 * 9) * 1.5)
    transposed = layers.ConvTranspose2d(4, 6, weight="normalized", groups=2, kernel=3)
    used, factor = transposed.used(None)
    for group in range(2):
        for output in range(3):
            same((used * factor)[2 * group : 2 * group + 2, output].norm(), torch.ones(()))
    embedding = layers.Embedding(5, 8, weight="normalized", gain=2.0)
    same(embedding(torch.arange(5)).norm(dim=1), torch.full((5,), 2.0))
    modulated = layers.ModulatedConv2d(3, 4, weight="normalized", demodulate=False)
    x, style = torch.randn(2, 3, 5, 5), torch.randn(2, 3)
    unit = modulated.weight / modulated.weight.flatten(1).norm(dim=1)[:, None, None, None]
    same(modulated(x, style), functional.conv2d(x * style[:, :, None, None], unit, padding=1))

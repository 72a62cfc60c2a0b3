"""Layers against formulas written another way, in float64."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from gandsl_runtime import layers

TIGHT = {"rtol": 1e-9, "atol": 1e-11}


@pytest.fixture(autouse=True)
def _float64() -> Any:
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    yield
    torch.set_default_dtype(torch.float32)


def same(a: Tensor, b: Tensor) -> None:
    torch.testing.assert_close(a, b, **TIGHT)


def patches(x: Tensor, kernel: tuple[int, int], stride: int = 1, dilation: int = 1) -> Tensor:
    """[N, C, H, W] → [N, C, kh, kw, outH, outW], by indexing."""
    kh, kw = kernel
    rows = (x.shape[2] - dilation * (kh - 1) - 1) // stride + 1
    columns = (x.shape[3] - dilation * (kw - 1) - 1) // stride + 1
    return torch.stack(
        [
            torch.stack(
                [
                    x[:, :, a * dilation :, b * dilation :][:, :, ::stride, ::stride][:, :, :rows, :columns]
                    for b in range(kw)
                ],
                2,
            )
            for a in range(kh)
        ],
        2,
    )


def stretched(x: Tensor, factor: int) -> Tensor:
    """factor − 1 zeros after each pixel."""
    y = x.new_zeros(*x.shape[:2], x.shape[2] * factor, x.shape[3] * factor)
    y[:, :, ::factor, ::factor] = x
    return y


def upfirdn(x: Tensor, taps: Tensor, up: int, down: int, pad: tuple[int, ...], gain: float) -> Tensor:
    """The definition: stretch, pad or crop, convolve, decimate."""
    y = functional.pad(stretched(x, up), pad)
    kernel = torch.outer(taps, taps).flip(0, 1) / taps.sum() ** 2
    y = torch.einsum("ncabhw,ab->nchw", patches(y, (len(taps), len(taps))), kernel)
    return y[:, :, ::down, ::down] * gain


# weight parametrization


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


# convolutions


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"kernel": 4, "stride": 2, "padding": 1},
        {"kernel": (1, 3)},
        {"kernel": 2},
        {"dilation": 2, "padding": 0},
        {"groups": 2},
        {"padding_mode": "reflect"},
        {"padding_mode": "replicate", "kernel": 5},
        {"weight": "equalized", "gain": 0.7},
        {"bias": False},
    ],
    ids=str,
)
def test_convolution(options: dict[str, Any]) -> None:
    layer = layers.Conv2d(4, 6, bias_init=0.5, **options)
    x = torch.randn(2, 4, 9, 8)
    kernel = layers.convolution.pair(options.get("kernel", 3))
    pad = options.get("padding")
    top, left = (pad, pad) if pad is not None else (kernel[0] // 2, kernel[1] // 2)
    mode = {"zeros": "constant"}.get(options.get("padding_mode", "zeros"), options.get("padding_mode"))
    seen = patches(
        functional.pad(x, (left, left, top, top), mode=mode),
        kernel,
        options.get("stride", 1),
        options.get("dilation", 1),
    )
    groups = options.get("groups", 1)
    weight = layer.weight * (0.7 / math.sqrt(4 * 9) if "weight" in options else 1.0)
    parts = [
        torch.einsum("ncabhw,ocab->nohw", s, w)
        for s, w in zip(seen.chunk(groups, 1), weight.chunk(groups, 0), strict=True)
    ]
    same(layer(x), torch.cat(parts, 1) + (0.5 if options.get("bias", True) else 0.0))


@pytest.mark.parametrize(
    "options", [{}, {"stride": 1, "padding": 0}, {"kernel": 3, "output_padding": 1}, {"groups": 2}], ids=str
)
def test_transposed_convolution_is_the_adjoint(options: dict[str, Any]) -> None:
    """⟨convᵀ(x), y⟩ = ⟨x, conv(y)⟩ with the same stored weight."""
    layer = layers.ConvTranspose2d(4, 6, bias=False, weight="equalized", **options)
    x = torch.randn(2, 4, 5, 4)
    image = layer(x)
    y = torch.randn_like(image)
    back = functional.conv2d(
        y,
        layer.weight / math.sqrt(4 // layer.groups * layer.weight.shape[2] ** 2),
        stride=layer.stride,
        padding=layer.padding,
        groups=layer.groups,
    )
    same((image * y).sum(), (x * back).sum())


@pytest.mark.parametrize("form", ["scaled", "grouped"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"up": 2},
        {"kernel": 1, "demodulate": False, "weight": "equalized"},
        {"weight": "equalized", "gain": 2.0, "eps": 0.01},
        {"kernel": (2, 3)},
        {"up": 2, "demodulate": False, "lr_multiplier": 0.3},
        {"weight": "spectral", "demodulate": False},
    ],
    ids=str,
)
def test_modulated_convolution_sample_by_sample(form: str, options: dict[str, Any]) -> None:
    layer = layers.ModulatedConv2d(3, 5, **options).eval()
    x, style = torch.randn(4, 3, 6, 7), torch.randn(4, 3)
    kernel = layers.convolution.pair(options.get("kernel", 3))
    area = kernel[0] * kernel[1]
    base = layer.weight * layer.factor()
    if options.get("weight") == "equalized":
        same(base, layer.weight * options.get("gain", 1.0) / math.sqrt(3 * area))
    expected = []
    for n in range(4):
        w = base * style[n][None, :, None, None]
        if options.get("demodulate", True):
            w = w / (w.square().sum((1, 2, 3), keepdim=True) + options.get("eps", 1e-8)).sqrt()
        if options.get("up") == 2:
            wide = functional.pad(stretched(x[n : n + 1], 2), (2, 1, 2, 1))  # all overlaps of 2h − 1 pixels
            expected.append(torch.einsum("ncabhw,ocab->nohw", patches(wide, kernel), w.flip(2, 3)))
            continue
        low, high = [(k - 1) // 2 for k in kernel], [k // 2 for k in kernel]
        wide = functional.pad(x[n : n + 1], (low[1], high[1], low[0], high[0]))
        expected.append(torch.einsum("ncabhw,ocab->nohw", patches(wide, kernel), w))
    same(layer(x, style, form=form), torch.cat(expected))


@pytest.mark.parametrize(
    "taps", [(1.0, 3.0, 3.0, 1.0), (1.0, 2.0, 1.0), (1.0, 2.0, 5.0), (2.0,), tuple(range(1, 13))]
)
@pytest.mark.parametrize(
    ("up", "down", "pad"),
    [
        (1, 1, (1, 1, 1, 1)),
        (1, 1, (6, 5, 7, 6)),
        (1, 2, (6, 6, 6, 6)),
        (1, 1, (-1, 2, 0, -2)),
        (2, 1, (2, 1, 2, 1)),
        (2, 1, (7, 9, 6, 8)),
        (3, 2, (5, 4, -1, 13)),
        (2, 1, (20, 21, 20, 21)),
    ],
)
def test_filter(taps: tuple[float, ...], up: int, down: int, pad: tuple[int, int, int, int]) -> None:
    x = torch.randn(2, 3, 14, 16)
    layer = layers.Fir(taps=taps, up=up, down=down, pad=pad, gain=1.7)
    assert not layer.state_dict()
    same(layer(x), upfirdn(x, torch.tensor(taps).double(), up, down, pad, 1.7))


def test_filters_and_grids_are_exact_in_either_precision() -> None:
    torch.set_default_dtype(torch.float32)
    layer = layers.Fir(taps=(1.0, 1.0, 1.0)).double()
    assert layer.kernel[0, 0].item() == pytest.approx(1 / 9, rel=1e-15)
    assert layers.Coordinates(3).double().grid[0, 0, 0].item() == pytest.approx(-2 / 3, rel=1e-15)


def test_channels_last_gives_the_same() -> None:
    x, style = torch.randn(2, 4, 6, 6), torch.randn(2, 4)
    last = x.to(memory_format=torch.channels_last)
    conv, modulated, fir = (
        layers.Conv2d(4, 5),
        layers.ModulatedConv2d(4, 5, up=2),
        layers.Fir(pad=(2, 1, 2, 1)),
    )
    same(conv(last), conv(x))
    same(fir(last), fir(x))
    for form in ("scaled", "grouped"):
        same(modulated(last, style, form=form), modulated(x, style, form=form))


# what rides along


ACTIVATIONS = {
    None: lambda x: x,
    "relu": lambda x: x * (x > 0),
    "leaky_relu": lambda x: torch.where(x > 0, x, 0.3 * x),
    "tanh": lambda x: (torch.exp(2 * x) - 1) / (torch.exp(2 * x) + 1),
    "sigmoid": lambda x: 1 / (1 + torch.exp(-x)),
    "silu": lambda x: x / (1 + torch.exp(-x)),
    "gelu": lambda x: x * 0.5 * (1 + torch.erf(x / math.sqrt(2))),
    "softplus": lambda x: torch.log(1 + torch.exp(x)),
}


@pytest.mark.parametrize("gain", [1.0, 1.7, -0.5])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(
    "strength", [torch.tensor(0.4), torch.tensor([0.1, -0.2, 0.3, 0.5])], ids=["one", "each"]
)
def test_epilogue_on_every_product(activation: str | None, gain: float, strength: Tensor) -> None:
    strength = strength.double()
    x, style, bias = torch.randn(2, 3, 5, 5), torch.randn(2, 3), torch.randn(4)
    products: list[tuple[Any, tuple[Tensor, ...], dict[str, Any]]] = [
        (layers.Conv2d(3, 4, weight="equalized", lr_multiplier=0.5, bias_init=0.3), (x,), {}),
        (layers.ConvTranspose2d(3, 4, bias_init=0.3), (x,), {}),
        (layers.ModulatedConv2d(3, 4), (x, style), {"form": "scaled"}),
        (layers.ModulatedConv2d(3, 4), (x, style), {"form": "grouped"}),
        (layers.ModulatedConv2d(3, 4, kernel=1, demodulate=False), (x, style), {"form": "scaled"}),
        (layers.Fir(up=2, pad=(2, 1, 2, 1), gain=4.0), (torch.randn(2, 4, 5, 5),), {}),
        (layers.Fir(taps=(1.0,) * 9, pad=(4, 4, 4, 4)), (torch.randn(2, 4, 5, 5),), {}),
        (layers.Fir(up=2, down=2, pad=(2, 1, 2, 1)), (torch.randn(2, 4, 5, 5),), {}),
    ]
    for layer, inputs, extra in products:
        plain = layer(*inputs, **extra)
        noise = torch.randn(2, 1, *plain.shape[2:])
        expected = (
            plain + noise * (strength[:, None, None] if strength.dim() else strength) + bias[:, None, None]
        )
        expected = (gain * ACTIVATIONS[activation](expected)).clamp(-0.6, 0.6)
        named = {"activation": activation, "slope": 0.3} if activation else {}
        ridden = layer(
            *inputs, **extra, **named, bias=bias, noise=noise, strength=strength, gain=gain, clamp=0.6
        )
        same(ridden, expected)
    linear = layers.Linear(3, 4, weight="equalized", lr_multiplier=0.1, bias_init=0.3)
    bare = layers.Linear(3, 4, weight="equalized", bias=False)
    tokens = torch.randn(2, 6, 3)
    named = {"activation": activation, "slope": 0.3} if activation else {}
    for layer in (linear, bare):
        for given in (style, tokens):
            same(
                layer(given, **named, bias=bias, gain=gain),
                gain * ACTIVATIONS[activation](layer(given) + bias),
            )
            same(layer(given, **named, gain=gain), gain * ACTIVATIONS[activation](layer(given)))


def test_inputs_are_never_overwritten() -> None:
    x, style = torch.randn(2, 4, 4, 4), torch.randn(2, 4)
    kept = x.clone(), style.clone()
    for layer, inputs in (
        (layers.Conv2d(4, 4, kernel=1), (x,)),
        (layers.ModulatedConv2d(4, 4), (x, style)),
        (layers.Fir(taps=(1.0,)), (x,)),
        (layers.Linear(4, 4), (style,)),
    ):
        layer(*inputs, activation="leaky_relu", gain=1.4, clamp=1.0)
    assert torch.equal(x, kept[0]) and torch.equal(style, kept[1])


# the others


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


# folded weights


@pytest.mark.parametrize("weight", ["equalized", "spectral"])
def test_a_folded_weight_is_never_stale(weight: str) -> None:
    layer = layers.Conv2d(3, 4, weight=weight).eval()
    folded, x = layers.Folded(layer), torch.randn(2, 3, 5, 5)
    assert not folded.state_dict()

    def agrees() -> None:
        with torch.no_grad():
            same(layer(x, weight=folded()), layer(x))

    with torch.no_grad():
        assert folded() is folded()
    agrees()
    with torch.no_grad():
        layer.weight.mul_(2.0).add_(0.1)  # an optimizer's step, a moving average
    agrees()
    layer.load_state_dict({key: torch.randn_like(value) for key, value in layer.state_dict().items()})
    agrees()
    layer.load_state_dict(
        {key: torch.randn_like(value) for key, value in layer.state_dict().items()}, assign=True
    )
    agrees()
    layer.float()
    assert folded().dtype == torch.float32
    layer.double()
    agrees()


def test_a_folded_weight_lets_gradients_through_and_iterates_in_training() -> None:
    layer = layers.Linear(3, 2, weight="spectral")
    folded = layers.Folded(layer)
    u = layer.u0.clone()
    folded()
    assert not torch.equal(layer.u0, u)
    layer.eval()
    (gradient,) = torch.autograd.grad(folded().sum(), layer.weight)
    (expected,) = torch.autograd.grad((layer.weight * layer.factor()).sum(), layer.weight)
    same(gradient, expected)


def test_copies_do_not_share() -> None:
    layer = layers.Conv2d(2, 2)
    twin = copy.deepcopy(layer)
    with torch.no_grad():
        twin.weight.zero_()
    assert layer.weight.any()

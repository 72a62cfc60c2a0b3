"""Ops against formulas written another way, in float64."""

from __future__ import annotations

import inspect
import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from gandsl_runtime import ops


def same(a: Tensor, b: Tensor) -> None:
    torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


@pytest.fixture
def x() -> Tensor:
    torch.manual_seed(0)
    return torch.randn(2, 4, 4, 6, dtype=torch.float64)


def test_every_op_says_what_it_does() -> None:
    for name in ops.__all__:
        function = getattr(ops, name)
        assert inspect.getdoc(function) and inspect.signature(function).return_annotation


def test_activations(x: Tensor) -> None:
    same(ops.relu(x), torch.where(x > 0, x, 0.0))
    same(ops.leaky_relu(x, slope=0.1, gain=3.0), torch.where(x > 0, 3 * x, 0.3 * x))
    same(ops.tanh(x), 1 - 2 / (torch.exp(2 * x) + 1))
    same(ops.sigmoid(x), 1 / (1 + torch.exp(-x)))
    same(ops.silu(x), x / (1 + torch.exp(-x)))
    same(ops.gelu(x), x * (1 + torch.erf(x / math.sqrt(2))) / 2)
    same(ops.softplus(x), torch.log(1 + torch.exp(x)))
    same(ops.glu(x), x[:, :2] / (1 + torch.exp(-x[:, 2:])))
    same(ops.clamp(x, limit=0.5), torch.minimum(torch.maximum(x, torch.tensor(-0.5)), torch.tensor(0.5)))
    same(ops.scale(x, factor=-2.5), x * -2.5)


def test_leaky_relu_leaves_its_input_alone(x: Tensor) -> None:
    kept = x.clone()
    ops.leaky_relu(x, gain=2.0)
    assert torch.equal(x, kept)


def test_resampling(x: Tensor) -> None:
    same(ops.upsample(x, factor=3), x.repeat_interleave(3, 2).repeat_interleave(3, 3))
    blocks = x.reshape(2, 4, 2, 2, 3, 2)
    same(ops.pool(x), blocks.mean((3, 5)))
    same(ops.pool(x, mode="sum"), blocks.sum((3, 5)))
    same(ops.pool(x, mode="max"), blocks.amax((3, 5)))
    assert ops.resize(x, size=(4, 6)) is x
    same(ops.resize(x, size=(2, 3)), blocks.mean((3, 5)))
    same(
        ops.resize(x, size=(1, 4))[:, :, 0, 1], x[:, :, :, 1:3].mean((2, 3))
    )  # bins overlap: 1.5 pixels each
    same(ops.resize(x, size=(8, 12), mode="nearest"), ops.upsample(x))
    same(ops.global_pool(x), torch.einsum("nchw->nc", x))
    same(ops.global_pool(x, mode="average"), torch.einsum("nchw->nc", x) / 24)
    same(ops.global_pool(x, mode="max"), x.flatten(2).max(2).values)


def test_bilinear_is_the_tent_filter(x: Tensor) -> None:
    wide = torch.cat([x[..., :1], x, x[..., -1:]], 3)
    even, odd = (wide[..., :-2] + 3 * wide[..., 1:-1]) / 4, (3 * wide[..., 1:-1] + wide[..., 2:]) / 4
    rows = ops.upsample(x, mode="bilinear")[:, :, ::2]  # compare along the width, at the first rows' blend
    tall = torch.stack([even, odd], 4).flatten(3)
    blend = (torch.cat([tall[:, :, :1], tall[:, :, :-1]], 2) + 3 * tall) / 4
    same(rows, blend)


def test_pixel_shuffle_moves_channels(x: Tensor) -> None:
    y = ops.pixel_shuffle(x)
    for a in range(2):
        for b in range(2):
            same(y[:, 0, a::2, b::2], x[:, 2 * a + b])
    same(ops.pixel_unshuffle(y), x)


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate"])
def test_pad(x: Tensor, mode: str) -> None:
    above = -1 if mode == "zeros" else 0  # only these crop
    y = ops.pad(x, pad=(1, 2, above, 1), mode=mode)
    assert y.shape == (2, 4, 5 + above, 9)
    inner = x[:, :, -above:]
    same(y[:, :, :-1, 1:7], inner)
    expected = {
        "zeros": torch.zeros_like(inner[..., 0]),
        "reflect": inner[..., 1],
        "replicate": inner[..., 0],
    }
    same(y[:, :, :-1, 0], expected[mode])


def test_shapes(x: Tensor) -> None:
    v = ops.flatten(x)
    assert v[0, 6].item() == x[0, 0, 1, 0].item()
    same(ops.reshape(v, channels=4, size=(4, 6)), x)
    channels_last = ops.reshape(v, channels=4, size=(4, 6), layout="hwc")
    assert channels_last[1, 2, 3, 5].item() == v[1, (3 * 6 + 5) * 4 + 2].item()
    tokens = ops.to_tokens(x)
    assert tokens.shape == (2, 24, 4) and tokens[1, 7, 3].item() == x[1, 3, 1, 1].item()
    same(ops.from_tokens(tokens, size=(4, 6)), x)


def test_combining(x: Tensor) -> None:
    y, z, v = torch.randn_like(x), torch.randn_like(x), torch.randn(2, 4, dtype=torch.float64)
    kept = y.clone()
    same(ops.add([x, y, z], scale=0.5), (x + y + z) / 2)
    assert torch.equal(y, kept) and ops.add([x]) is x
    same(ops.add([x], scale=3.0), 3 * x)
    same(ops.concat([x, y])[:, 4:], y)
    same(ops.multiply(x, y), x * y)
    same(ops.multiply(v, x), torch.einsum("nc,nchw->nchw", v, x))
    same(ops.multiply(x, v), ops.multiply(v, x))
    same(ops.multiply(x, x[:, :, :1, :1]), x * x[:, :, :1, :1])
    same(ops.lerp(x, y, torch.tensor(0.3, dtype=torch.float64)), 0.7 * x + 0.3 * y)
    same(ops.dot(x, v, scale=2.0), 2 * torch.einsum("nchw,nc->nhw", x, v)[:, None])
    same(ops.dot(v, v), v.square().sum(1, keepdim=True))
    same(ops.slice_channels(x, start=1, count=2), x[:, [1, 2]])


def test_styles(x: Tensor) -> None:
    v = torch.randn(2, 6, dtype=torch.float64)
    ws = ops.broadcast_styles(v, count=3)
    assert ws.shape == (2, 3, 6)
    ws[:, 0] = 0.0  # truncation overwrites single layers
    same(ops.select(ws, index=2), v)
    same(ops.chunks(v, count=3)[:, 1], v[:, 2:4])
    same(ops.stack([v, 2 * v])[:, 1], 2 * v)
    s, t = v[:, :4], v[:, 2:]
    same(ops.modulate(x, s, t), x * (1 + s[:, :, None, None]) + t[:, :, None, None])
    same(ops.modulate(x, s, offset=0.0), x * s[:, :, None, None])
    same(ops.modulate(s, s, t), s * (1 + s) + t)


def test_along_axes(x: Tensor) -> None:
    t, s = torch.randn(2, 5, 6, dtype=torch.float64), torch.randn(2, 3, 6, dtype=torch.float64)
    e = torch.exp(x)
    same(ops.softmax(x, over="channels"), e / e.sum(1, keepdim=True))
    same(ops.softmax(x, over="space"), e / e.sum((2, 3), keepdim=True))
    same(ops.softmax(t, over="tokens").sum(1), torch.ones(2, 6, dtype=torch.float64))
    same(ops.log_softmax(t, over="features").exp(), torch.exp(t) / torch.exp(t).sum(2, keepdim=True))
    same(ops.log_softmax(x, over="space"), ops.softmax(x, over="space").log())
    same(ops.reduce(x, how="mean", over="space"), torch.einsum("nchw->nc", x) / 24)
    same(ops.reduce(x, how="sum", over="channels"), torch.einsum("nchw->nhw", x)[:, None])
    same(ops.reduce(t, how="max", over="tokens"), t.sort(1).values[:, -1])
    same(ops.reduce(t, how="min", over="features"), t.sort(2).values[..., :1])
    centred = x - x.mean(1, keepdim=True)
    same(ops.reduce(x, how="variance", over="channels"), (centred**2).mean(1, keepdim=True))
    same(ops.slice(x, over="channels", start=1, count=2), x[:, 1:3])
    same(ops.slice(t, over="tokens", start=3, count=2), t[:, 3:])
    same(ops.slice(t, over="features", count=2), t[..., :2])
    same(ops.matmul(t, s, transpose="b"), torch.einsum("nik,njk->nij", t, s))
    same(ops.matmul(t, t, transpose="a"), torch.einsum("nki,nkj->nij", t, t))
    same(ops.matmul(t, s.mT, transpose="none"), torch.einsum("nik,njk->nij", t, s))
    same(ops.matmul(t, s[:, :, :5], transpose="both"), torch.einsum("nki,njk->nij", t, s[:, :, :5]))


@pytest.mark.parametrize(("sides", "groups"), [((9,), 1), ((5, 7), 2), ((4, 3, 5), 1)])
def test_dynamic_conv_is_a_convolution_of_each_sample(sides: tuple[int, ...], groups: int) -> None:
    x = torch.randn(3, 4, *sides, dtype=torch.float64)
    kernels = (3, 1, 2)[: len(sides)]
    weight = torch.randn(3, 6 * 4 // groups * math.prod(kernels), dtype=torch.float64)
    convolve = (functional.conv1d, functional.conv2d, functional.conv3d)[len(sides) - 1]
    made = ops.dynamic_conv(x, weight, channels=6, kernel=kernels, stride=2, padding=1, groups=groups)
    for image, flat, y in zip(x, weight, made, strict=True):
        kernel = flat.view(6, 4 // groups, *kernels)
        same(y[None], convolve(image[None], kernel, stride=2, padding=1, groups=groups))


def test_choices_and_extremes(x: Tensor) -> None:
    y, n = torch.randn_like(x), torch.randn(2, dtype=torch.float64)
    same(ops.maximum(x, y), (x + y + (x - y).abs()) / 2)
    same(ops.minimum(x, n), (x + n.view(2, 1, 1, 1) - (x - n.view(2, 1, 1, 1)).abs()) / 2)
    same(ops.maximum(b=x, number=0.2), torch.relu(x - 0.2) + 0.2)
    same(ops.where(x, x, y), torch.relu(x) + y * (x <= 0))
    same(ops.where(n, x, number=2.0), torch.stack([x[i] if n[i] > 0 else 0 * x[i] + 2 for i in range(2)]))
    same(ops.where(y[:, :1], b=x, number=0.0), x * (y[:, :1] <= 0))
    same(ops.sin(x) ** 2 + ops.cos(x) ** 2, torch.ones_like(x))


def test_operands_of_two_formats_meet_in_16_bits() -> None:
    """Features and tokens are in 16 bits where numbers of a sample, and styles, are not."""
    x, n = torch.randn(2, 4, 3, 3).bfloat16(), torch.randn(2)
    t, s = torch.randn(2, 5, 6).half(), torch.randn(2, 5, 6)
    for made in (ops.times(x, n), ops.minus(n, x), ops.maximum(x, n), ops.where(x, n, x), ops.lerp(x, x, n)):
        assert made.dtype == torch.bfloat16
    for made in (ops.plus(t, s), ops.matmul(t, s, transpose="b"), ops.plus(t, torch.tensor(0.5))):
        assert made.dtype == torch.float16
    same(ops.times(x, n).double(), (x * n.bfloat16().view(2, 1, 1, 1)).double())


def test_pixel_norm_of_tokens_and_of_groups(x: Tensor) -> None:
    t = torch.randn(2, 5, 6, dtype=torch.float64)
    same(ops.pixel_norm(t, eps=0.0, last=True).square().mean(2), torch.ones(2, 5, dtype=torch.float64))
    halves = ops.pixel_norm(t, groups=2, last=True)
    same(halves[..., 3:], ops.pixel_norm(t[..., 3:], last=True))
    same(ops.pixel_norm(x, groups=2)[:, :2], ops.pixel_norm(x[:, :2]))


def test_pixel_norm(x: Tensor) -> None:
    y = ops.pixel_norm(x, eps=0.0)
    same(y.square().mean(1), torch.ones(2, 4, 6, dtype=torch.float64))
    same(y * x.norm(dim=1, keepdim=True) / 2, x)
    assert torch.isfinite(ops.pixel_norm(torch.zeros(1, 3))).all()


@pytest.mark.parametrize(
    ("samples", "group", "channels"), [(6, 3, 1), (4, 4, 2), (8, 4, 4), (2, 4, 1), (6, 0, 2)]
)
def test_minibatch_stddev(samples: int, group: int, channels: int) -> None:
    torch.manual_seed(1)
    x = torch.randn(samples, 4, 3, 2, dtype=torch.float64)
    y = ops.minibatch_stddev(x, group=group, channels=channels)
    assert y.shape == (samples, 4 + channels, 3, 2)
    same(y[:, :4], x)
    size = min(group, samples) if group else samples
    apart = samples // size
    for n in range(samples):
        members = x[n % apart :: apart]  # samples of a group stand N / group apart
        assert len(members) == size
        deviation = ((members - members.mean(0)).square().sum(0) / size + 1e-8).sqrt()
        for f in range(channels):
            part = deviation[f * 4 // channels : (f + 1) * 4 // channels]
            same(y[n, 4 + f], part.mean().expand(3, 2))


def test_minibatch_stddev_names_the_remedy() -> None:
    with pytest.raises(ValueError, match="batch of 6 cannot be split into groups of 4"):
        ops.minibatch_stddev(torch.randn(6, 2, 2, 2), group=4)


def test_minibatch_similarity() -> None:
    torch.manual_seed(1)
    x = torch.randn(3, 8, dtype=torch.float64)
    y = ops.minibatch_similarity(x, kernels=2)
    assert y.shape == (3, 2)
    for n in range(3):
        for b in range(2):
            part = x[:, 4 * b : 4 * b + 4]
            same(y[n, b], sum(torch.exp(-(part[n] - other).abs().sum()) for other in part))


@pytest.mark.parametrize("heads", [1, 2])
@pytest.mark.parametrize("scaled", [True, False])
def test_attention(heads: int, scaled: bool) -> None:
    torch.manual_seed(2)
    q, k, v = (torch.randn(2, n, d, dtype=torch.float64) for n, d in ((3, 4), (5, 4), (5, 6)))
    expected = torch.zeros(2, 3, 6, dtype=torch.float64)
    for n in range(2):
        for h in range(heads):
            at, of = slice(h * 4 // heads, (h + 1) * 4 // heads), slice(h * 6 // heads, (h + 1) * 6 // heads)
            for i in range(3):
                scores = torch.stack([(q[n, i, at] * k[n, j, at]).sum() for j in range(5)])
                scores = torch.exp(scores / math.sqrt(4 // heads) if scaled else scores)
                expected[n, i, of] = (scores[:, None] * v[n, :, of]).sum(0) / scores.sum()
    same(ops.attention(q, k, v, heads=heads, scaled=scaled), expected)
    with torch.no_grad():  # the fused kernel
        same(ops.attention(q, k, v, heads=heads, scaled=scaled), expected)


@pytest.mark.parametrize("bias", [True, False])
def test_merged_products(bias: bool) -> None:
    torch.manual_seed(3)
    x, ws = torch.randn(2, 4), torch.randn(2, 3, 4)
    weights, biases = [torch.randn(5, 4) for _ in range(3)], [torch.randn(5) for _ in range(3)]
    given = biases if bias else []
    shared = ops.shared_linear(
        x, [*weights, weights[0][:2]], [*given, biases[0][:2]] if bias else [], factor=0.5
    )
    batched = ops.batched_linear(list(ws.unbind(1)), weights, given, factor=0.5, bias_factor=1.0)
    for i, w in enumerate(weights):
        extra = biases[i] if bias else 0.0
        torch.testing.assert_close(shared[i], 0.5 * x @ w.T + extra)
        torch.testing.assert_close(batched[i], 0.5 * ws[:, i] @ w.T + extra)
    assert shared[3].shape == (2, 2)


def test_one_sample_for_many(x: Tensor) -> None:
    assert torch.equal(ops.one_sample(x), x[:1])
    assert torch.equal(ops.repeat_sample(x[:1], x), x[[0, 0]])

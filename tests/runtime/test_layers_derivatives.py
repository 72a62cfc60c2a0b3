"""First and second derivatives of every layer and op that has them, by finite differences in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import gradcheck, gradgradcheck

from gandsl_runtime import layers, ops


def leaf(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, requires_grad=True)


def spread(*shape: int) -> Tensor:
    """Distinct values away from each other and from 0, so that no kink lies within a finite difference."""
    count = int(torch.tensor(shape).prod())
    values = torch.randperm(count).double() - count / 2 + 0.5
    return (values / count * 3).reshape(shape).requires_grad_()


IMAGE, SMALL, VECTOR = (2, 4, 4, 4), (2, 2, 3, 3), (2, 4)
RIDING = {"bias": "bias", "activation": "leaky_relu", "gain": 1.4, "slope": 0.2}

LAYERS: dict[str, tuple[Callable[[], nn.Module], tuple[tuple[int, ...], ...], dict[str, Any]]] = {
    "linear": (lambda: layers.Linear(4, 3, weight="equalized", lr_multiplier=0.5), (VECTOR,), {}),
    "linear spectral": (lambda: layers.Linear(4, 3, weight="spectral").eval(), (VECTOR,), {}),
    "linear riding": (lambda: layers.Linear(4, 3), (VECTOR,), RIDING),
    "conv": (lambda: layers.Conv2d(2, 3, weight="equalized"), (SMALL,), {}),
    "conv reflect": (lambda: layers.Conv2d(2, 2, padding_mode="reflect", groups=2), (SMALL,), {}),
    "conv riding": (lambda: layers.Conv2d(2, 3), (SMALL,), RIDING),
    "conv tanh": (lambda: layers.Conv2d(2, 3), (SMALL,), {"activation": "tanh", "gain": 0.5}),
    "conv spectral": (lambda: layers.Conv2d(2, 2, weight="spectral").eval(), (SMALL,), {}),
    "conv_transpose": (lambda: layers.ConvTranspose2d(2, 2, weight="equalized"), (SMALL,), {}),
    "modulated scaled": (lambda: layers.ModulatedConv2d(2, 3), (SMALL, (2, 2)), {"form": "scaled"}),
    "modulated grouped": (lambda: layers.ModulatedConv2d(2, 3), (SMALL, (2, 2)), {"form": "grouped"}),
    "modulated up scaled": (lambda: layers.ModulatedConv2d(2, 2, up=2), (SMALL, (2, 2)), {"form": "scaled"}),
    "modulated up grouped": (
        lambda: layers.ModulatedConv2d(2, 2, up=2),
        (SMALL, (2, 2)),
        {"form": "grouped"},
    ),
    "modulated riding scaled": (
        lambda: layers.ModulatedConv2d(2, 3),
        (SMALL, (2, 2)),
        {**RIDING, "form": "scaled"},
    ),
    "modulated riding grouped": (
        lambda: layers.ModulatedConv2d(2, 3),
        (SMALL, (2, 2)),
        {**RIDING, "form": "grouped"},
    ),
    "fir up": (lambda: layers.Fir(up=2, pad=(2, 1, 2, 1), gain=4.0), (SMALL,), {}),
    "fir riding": (lambda: layers.Fir(down=2, pad=(2, 2, 2, 2)), (SMALL,), RIDING | {"bias": 2}),
    "bias": (lambda: layers.Bias(4, lr_multiplier=0.1), (IMAGE,), {}),
    "gain": (lambda: layers.Gain(4, per_channel=True), (VECTOR,), {}),
    "batch_norm": (lambda: layers.BatchNorm(2), (SMALL,), {}),
    "batch_norm eval": (lambda: layers.BatchNorm(2).eval(), (SMALL,), {}),
    "instance_norm": (lambda: layers.InstanceNorm(2, affine=True), (SMALL,), {}),
    "group_norm": (lambda: layers.GroupNorm(4, groups=2), ((2, 4, 2, 2),), {}),
    "layer_norm": (lambda: layers.LayerNorm(2), (SMALL,), {}),
    "constant": (lambda: layers.Constant(2, 2), (VECTOR,), {}),
    "fourier_features": (lambda: layers.FourierFeatures(3, (2, 3), rate=4.0, bandwidth=1.0), ((2, 4),), {}),
    "lowpass": (
        lambda: layers.Lowpass(8, cutoff=1.0, half_width=0.5, rate=8.0, up=2, pad=(3, 4, 3, 4)),
        (SMALL,),
        {},
    ),
    "lowpass radial": (
        lambda: layers.Lowpass(
            4, cutoff=1.0, half_width=0.5, rate=8.0, down=2, radial=True, pad=(1, 2, 1, 2)
        ),
        (SMALL,),
        {},
    ),
    "normalize_magnitude": (lambda: layers.NormalizeMagnitude().eval(), (SMALL,), {}),
    "track_average": (lambda: layers.TrackAverage(4), (VECTOR,), {}),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name: str) -> None:
    """With respect to inputs, weights, and what is fused."""
    torch.manual_seed(1)
    make, shapes, extras = LAYERS[name]
    layer = make().double()
    inputs = [leaf(*shape) for shape in shapes]
    extras = dict(extras)
    if "bias" in extras:
        extras["bias"] = leaf(extras["bias"] if isinstance(extras["bias"], int) else 3)
        inputs.append(extras["bias"])
    if (
        "spectral" not in name
    ):  # a spectral weight's derivative leaves the power iteration's vectors out, by definition
        inputs += list(layer.parameters())

    def run(*_: Tensor) -> Tensor:
        return layer(*inputs[: len(shapes)], **extras)

    assert gradcheck(run, inputs)
    assert gradgradcheck(run, inputs)


OPS: dict[str, tuple[Callable[..., Tensor], tuple[Tensor | tuple[int, ...], ...]]] = {
    "relu": (ops.relu, (VECTOR,)),
    "leaky_relu": (lambda x: ops.leaky_relu(x, gain=1.4), (VECTOR,)),
    "tanh": (ops.tanh, (VECTOR,)),
    "sigmoid": (ops.sigmoid, (VECTOR,)),
    "silu": (ops.silu, (VECTOR,)),
    "gelu": (ops.gelu, (VECTOR,)),
    "softplus": (ops.softplus, (VECTOR,)),
    "glu": (ops.glu, ((2, 4, 2, 2),)),
    "clamp": (lambda x: ops.clamp(x, limit=0.8), (VECTOR,)),
    "scale": (lambda x: ops.scale(x, factor=-2.0), (VECTOR,)),
    "upsample nearest": (ops.upsample, (SMALL,)),
    "upsample bilinear": (lambda x: ops.upsample(x, mode="bilinear"), (SMALL,)),
    "upsample bicubic": (lambda x: ops.upsample(x, mode="bicubic"), (SMALL,)),
    "pool average": (ops.pool, (IMAGE,)),
    "pool sum": (lambda x: ops.pool(x, mode="sum"), (IMAGE,)),
    "pool max": (lambda x: ops.pool(x, mode="max"), (IMAGE,)),
    "resize area": (lambda x: ops.resize(x, size=(2, 3)), (SMALL,)),
    "resize bilinear": (lambda x: ops.resize(x, size=5, mode="bilinear"), (SMALL,)),
    "global_pool sum": (ops.global_pool, (SMALL,)),
    "global_pool max": (lambda x: ops.global_pool(x, mode="max"), (SMALL,)),
    "pixel_shuffle": (ops.pixel_shuffle, ((2, 4, 2, 2),)),
    "pixel_unshuffle": (ops.pixel_unshuffle, (IMAGE,)),
    "pad reflect": (lambda x: ops.pad(x, pad=(1, 0, 2, 1), mode="reflect"), (IMAGE,)),
    "attention": (lambda q, k, v: ops.attention(q, k, v, heads=2), ((1, 3, 4), (1, 2, 4), (1, 2, 6))),
    "add": (lambda a, b, c: ops.add([a, b, c], scale=0.7), (VECTOR, VECTOR, VECTOR)),
    "multiply": (ops.multiply, (VECTOR, IMAGE)),
    "lerp": (ops.lerp, (VECTOR, VECTOR, ())),
    "dot": (lambda a, b: ops.dot(a, b, scale=0.5), (IMAGE, VECTOR)),
    "minibatch_stddev": (lambda x: ops.minibatch_stddev(x, group=2, channels=2), ((4, 4, 2, 2),)),
    "minibatch_similarity": (lambda x: ops.minibatch_similarity(x, kernels=2), ((3, 4),)),
    "pixel_norm": (ops.pixel_norm, (SMALL,)),
    "modulate": (ops.modulate, (IMAGE, VECTOR, VECTOR)),
    "shared_linear": (
        lambda x, a, b, c, d: torch.cat(ops.shared_linear(x, [a, b], [c, d], factor=0.3, bias_factor=2.0), 1),
        (VECTOR, (3, 4), (2, 4), (3,), (2,)),
    ),
    "batched_linear": (
        lambda x, y, a, b, c, d: torch.cat(ops.batched_linear([x, y], [a, b], [c, d], factor=0.3), 1),
        (VECTOR, VECTOR, (3, 4), (3, 4), (3,), (3,)),
    ),
}


@pytest.mark.parametrize("name", OPS)
def test_op(name: str) -> None:
    torch.manual_seed(2)
    function, shapes = OPS[name]
    inputs = [spread(*shape) if shape else leaf() for shape in shapes]  # type: ignore[misc, has-type]
    assert gradcheck(function, inputs)
    assert gradgradcheck(function, inputs)


def test_quantize_passes_gradients_straight_through() -> None:
    """It claims no derivative, and has none: its gradient is the identity's, its values are steps."""
    x = torch.linspace(-1.3, 1.3, 21, dtype=torch.float64, requires_grad=True)
    y = ops.quantize(x, levels=5)
    assert set(y.tolist()) <= {-1.0, -0.5, 0.0, 0.5, 1.0} and len(set(y.tolist())) == 5
    assert torch.equal(torch.autograd.grad(y.sum(), x)[0], torch.ones_like(x))

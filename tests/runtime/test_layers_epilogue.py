"""What is fused with a product, against the same written out, in float64."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from gandsl_runtime import layers
from tests.runtime.formulas import same

pytestmark = pytest.mark.usefixtures("float64")


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

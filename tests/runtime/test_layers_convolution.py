"""Convolutions and filters against formulas written another way, in float64."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch.nn import functional

from gandsl_runtime import layers
from tests.runtime.formulas import patches, same, stretched, upfirdn

pytestmark = pytest.mark.usefixtures("float64")


def pair(value: int | tuple[int, int]) -> tuple[int, int]:
    """A size of two sides, whose one number stands for both."""
    return (value, value) if isinstance(value, int) else value


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
    kernel = pair(options.get("kernel", 3))
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
    kernel = pair(options.get("kernel", 3))
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

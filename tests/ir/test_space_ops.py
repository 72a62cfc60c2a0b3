"""Ops of places and frequencies against torch's, closed forms, and what they were taken apart from."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from gandsl_runtime import layers, ops
from tests.specs.parts import mel_triangles

DTYPE = torch.float64


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


# ---- grid_sample


@pytest.mark.parametrize("sides", (2, 3))
@pytest.mark.parametrize("mode", ("linear", "nearest"))
@pytest.mark.parametrize("border", ("zeros", "replicate"))
def test_places_are_read_as_torch_reads_them(sides: int, mode: str, border: str) -> None:
    x = torch.randn(2, 3, *(5, 4, 6)[:sides], dtype=DTYPE, requires_grad=True)
    grid = (2.6 * torch.rand(2, sides, *(3, 7, 2)[:sides], dtype=DTYPE) - 1.3).requires_grad_()
    how = (
        {"linear": "bilinear", "nearest": "nearest"}[mode],
        {"zeros": "zeros", "replicate": "border"}[border],
    )
    theirs = functional.grid_sample(x, grid.movedim(1, -1), *how, align_corners=False)
    ours = ops.grid_sample(x, grid, mode=mode, border=border)
    torch.testing.assert_close(ours, theirs)
    wanted = torch.autograd.grad(theirs.sin().sum(), (x, grid))
    found = torch.autograd.grad(ours.sin().sum(), (x, grid), allow_unused=True)
    for mine, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(torch.zeros_like(other) if mine is None else mine, other)


def test_places_of_a_signal_are_those_of_an_image_one_pixel_high() -> None:
    x, grid = torch.randn(2, 3, 9, dtype=DTYPE), 2.4 * torch.rand(2, 1, 5, dtype=DTYPE) - 1.2
    flat = torch.cat([grid, torch.zeros_like(grid)], 1)[:, :, None]
    torch.testing.assert_close(ops.grid_sample(x, grid), ops.grid_sample(x[:, :, None], flat)[:, :, 0])


@pytest.mark.parametrize("sides", (1, 2, 3))
def test_its_own_coordinates_leave_a_feature_as_it_is(sides: int) -> None:
    x = torch.randn(2, 3, *(5, 4, 6)[:sides], dtype=DTYPE)
    places = layers.Coordinates(tuple(x.shape[2:])).double()(x)
    torch.testing.assert_close(ops.grid_sample(x, places), x, atol=1e-6, rtol=1e-6)


def test_places_have_a_true_second_derivative() -> None:
    x = torch.randn(1, 2, 3, 4, dtype=DTYPE, requires_grad=True)
    grid = (1.4 * torch.rand(1, 2, 2, 2, dtype=DTYPE) - 0.7).requires_grad_()
    assert torch.autograd.gradgradcheck(ops.grid_sample, (x, grid))


# ---- wavelets


def filters(sides: int) -> Tensor:
    """Haar's of every band, [2^n, 1, 2, …], from their definition."""
    line = torch.tensor([[1.0, 1.0], [1.0, -1.0]], dtype=DTYPE) / math.sqrt(2)
    bands = []
    for choice in product((0, 1), repeat=sides):
        band = torch.ones(1, dtype=DTYPE)
        for side, one in enumerate(choice):
            band = band[..., None] * line[one] if side else line[one]
        bands.append(band)
    return torch.stack(bands)[:, None]


@pytest.mark.parametrize("sides", (1, 2, 3))
def test_bands_are_filters_at_every_second_pixel(sides: int) -> None:
    x = torch.randn(2, 3, *(4, 6, 8)[:sides], dtype=DTYPE)
    conv = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}[sides]
    each = conv(x.flatten(0, 1)[:, None], filters(sides), stride=2)  # [N·C, bands, …]
    wanted = each.unflatten(0, (2, 3)).transpose(1, 2).flatten(1, 2)
    made = ops.haar(x)
    torch.testing.assert_close(made, wanted)
    torch.testing.assert_close(ops.haar(made, inverse=True), x)
    torch.testing.assert_close(made.square().sum(), x.square().sum())


# ---- frequencies


@pytest.mark.parametrize("window", (16, 15))
@pytest.mark.parametrize("center", (True, False))
@pytest.mark.parametrize("hop", (4, 7))
def test_frames_are_torch_s(window: int, center: bool, hop: int) -> None:
    x = torch.randn(2, 3, 50, dtype=DTYPE)
    hann = torch.hann_window(window, dtype=DTYPE)
    flat = functional.pad(x.flatten(0, 1), (window // 2,) * 2, mode="reflect") if center else x.flatten(0, 1)
    theirs = torch.stft(flat, window, hop, window=hann, center=False, return_complex=True).unflatten(
        0, (2, 3)
    )
    how = {"window": window, "hop": hop, "center": center}
    torch.testing.assert_close(ops.stft(x, part="power", **how), theirs.abs().square())
    torch.testing.assert_close(ops.stft(x, eps=0.0, **how), theirs.abs())
    torch.testing.assert_close(ops.stft(x, part="complex", **how), torch.cat([theirs.real, theirs.imag], 1))


@pytest.mark.parametrize(("rate", "low", "high"), ((16000.0, 0.0, None), (22050.0, 60.0, 7600.0)))
def test_mel_bands_are_triangles_of_area_one(rate: float, low: float, high: float | None) -> None:
    frequencies, bands = 4097, 20
    triangles = mel_triangles(frequencies, bands, rate, low, rate / 2 if high is None else high)
    spectrum = torch.eye(frequencies, dtype=DTYPE)[None, None]
    made = ops.mel(spectrum, bands=bands, rate=rate, low=low, high=high)[0, 0]
    torch.testing.assert_close(made, triangles, atol=1e-6, rtol=1e-3)
    areas = made.sum(1) * (rate / 2 / (frequencies - 1))
    torch.testing.assert_close(areas, torch.ones_like(areas), atol=0.02, rtol=0)


def test_a_tone_is_heard_at_its_frequency() -> None:
    rate, window = 8000.0, 256
    time = torch.arange(4096, dtype=DTYPE) / rate
    power = ops.stft(torch.sin(2 * math.pi * 1000 * time)[None, None], window=window, hop=64, part="power")
    assert power[0, 0, :, 20].argmax() == round(1000 / (rate / window))


# ---- another shape of the same numbers


@pytest.mark.parametrize("period", (2, 3, 5))
def test_a_signal_by_period_and_back(period: int) -> None:
    """Sample t stands at row t // period, column t % period (HiFi-GAN, section 2.4)."""
    x = torch.randn(2, 3, 30)
    rows = ops.reshape(x, channels=3, size=(30 // period, period))
    for t in (0, 7, 29):
        assert torch.equal(rows[:, :, t // period, t % period], x[:, :, t])
    assert torch.equal(ops.reshape(rows, channels=3, size=(30,)), x)


# ---- shifts by chance


@pytest.mark.parametrize("sides", (1, 2, 3))
def test_each_sample_is_moved_by_some_pixels_along_each_side(sides: int) -> None:
    x, layer = torch.randn(64, 2, *(6, 5, 4)[:sides]), layers.RandomShift(2)
    made = layer(x)
    around = [2] * (2 * sides)
    bordered = functional.pad(x, around, mode="reflect")
    seen = set()
    for at in product(range(5), repeat=sides):
        window = (slice(None), slice(None), *(slice(a, a + n) for a, n in zip(at, x.shape[2:], strict=True)))
        same = (bordered[window] == made).flatten(1).all(1)
        seen |= {(sample, at) for sample in same.nonzero()[:, 0].tolist()}
    assert {sample for sample, _ in seen} == set(range(64))
    assert {place for _, at in seen for place in at} == set(range(5))
    assert torch.equal(layer.eval()(x), x)

"""Fourier features, designed filters and running magnitudes, against formulas in numpy and plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from gandsl_runtime.layers import FourierFeatures, Lowpass, NormalizeMagnitude
from gandsl_runtime.layers.lowpass import disc, line

DESIGNS = [(12, 2.0, 1.5, 32.0), (12, 8.0, 6.9, 64.0), (24, 4.0, 12.0, 256.0), (7, 1.0, 0.05, 32.0)]
"""taps, cutoff, half width, rate: each of Kaiser's rules for β at least once."""


def kaiser(taps: int, half_width: float, rate: float) -> np.ndarray:
    """Kaiser's window by numpy, for the attenuation that `taps` reach at this transition."""
    attenuation = 2.285 * (taps - 1) * math.pi * 2 * half_width / (rate / 2) + 7.95
    if attenuation > 50:
        beta = 0.1102 * (attenuation - 8.7)
    elif attenuation > 21:
        beta = 0.5842 * (attenuation - 21) ** 0.4 + 0.07886 * (attenuation - 21)
    else:
        beta = 0.0
    return np.kaiser(taps, beta)


def response(kernel: Tensor, at: Tensor, rate: float) -> Tensor:
    """Gain of a filter at frequencies (x, y), [n, 2]."""
    taps = len(kernel)
    place = (torch.arange(taps, dtype=torch.float64) - (taps - 1) / 2) / rate
    phase = at[:, :1, None] * place[None, None] + at[:, 1:, None] * place[None, :, None]
    return (kernel * (2 * math.pi * phase).cos()).sum((1, 2))


@pytest.mark.parametrize("design", DESIGNS)
def test_the_line_is_a_windowed_sinc(design: tuple[int, float, float, float]) -> None:
    taps, cutoff, half_width, rate = design
    at = np.arange(taps) - (taps - 1) / 2
    wanted = np.sinc(2 * cutoff / rate * at) * kaiser(taps, half_width, rate)
    torch.testing.assert_close(line(*design), torch.from_numpy(wanted / wanted.sum()))


@pytest.mark.parametrize("design", DESIGNS)
def test_the_disc_is_a_windowed_jinc(design: tuple[int, float, float, float]) -> None:
    """J₁(u) = ∫ cos(t − u sin t) dt / π over half a turn, by the midpoint rule, which is exact here."""
    taps, cutoff, half_width, rate = design
    at = (np.arange(taps) - (taps - 1) / 2) / rate
    r = np.hypot(at[:, None], at)
    t = (np.arange(400) + 0.5) * math.pi / 400
    bessel = np.cos(t - 2 * math.pi * cutoff * r[..., None] * np.sin(t)).mean(-1)
    wanted = np.divide(bessel, math.pi * r, out=np.full_like(r, cutoff), where=r > 0)
    edge = kaiser(taps, half_width, rate)
    wanted = wanted * np.outer(edge, edge)
    torch.testing.assert_close(disc(*design), torch.from_numpy(wanted / wanted.sum()))


def test_what_passes_and_what_stops() -> None:
    """A long filter: 1 below, ½ at the cutoff, 0 above; the disc's in every direction alike."""
    design = (96, 8.0, 2.0, 64.0)
    for angle in (0.0, 0.3, math.pi / 4):
        way = torch.tensor([math.cos(angle), math.sin(angle)], dtype=torch.float64)
        at = torch.tensor([4.0, 8.0, 12.0], dtype=torch.float64)[:, None] * way
        found = response(disc(*design), at, 64.0)
        torch.testing.assert_close(found, torch.tensor([1.0, 0.5, 0.0]).double(), rtol=0, atol=0.05)
    square = response(torch.outer(line(*design), line(*design)), torch.tensor([[6.0, 6.0]]).double(), 64.0)
    assert square > 0.99  # beyond the disc, within the square


@pytest.mark.parametrize("radial", [False, True])
@pytest.mark.parametrize(("up", "down"), [(2, 1), (1, 2), (1, 1), (4, 1)])
def test_lowpass_is_a_convolution(up: int, down: int, radial: bool) -> None:
    """Zeros put in, pads, and a sum over the taps at each place that is kept."""
    design, pad = (12, 2.0, 1.5, 32.0), (6, 5, 4, 7)
    layer = Lowpass(
        12, cutoff=2.0, half_width=1.5, rate=32.0, radial=radial, up=up, down=down, pad=pad, gain=3.0
    ).double()
    x = torch.randn(2, 3, 5, 6, dtype=torch.float64)
    spread = torch.zeros(2, 3, 5 * up, 6 * up, dtype=torch.float64)
    spread[:, :, ::up, ::up] = x
    spread = torch.nn.functional.pad(spread, pad)
    kernel = disc(*design) if radial else torch.outer(line(*design), line(*design))
    wanted = torch.nn.functional.conv2d(spread, 3.0 * kernel.flip(0, 1).expand(3, 1, 12, 12), groups=3)
    torch.testing.assert_close(layer(x), wanted[:, :, ::down, ::down])


def test_waves() -> None:
    """Each pixel and channel by itself: turned, shifted, faded."""
    layer = FourierFeatures(5, (4, 6), rate=8.0, bandwidth=2.0).double()
    with torch.no_grad():
        layer.transform.copy_(torch.tensor([[1.5, 0.2, 0.3], [-0.1, 1.2, -0.4], [0.0, 0.0, 1.0]]))
    assert layer.frequencies.norm(dim=1).max() <= 2.0
    motion = torch.randn(2, 4, dtype=torch.float64)
    found = layer(motion)
    for n in range(2):
        c, s, dx, dy = (motion[n] + torch.eye(4, dtype=torch.float64)[0]).tolist()
        length = math.hypot(c, s)
        c, s, dx, dy = c / length, s / length, dx / length, dy / length
        turn, shift = (
            np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]),
            np.array([[1, 0, -dx], [0, 1, -dy], [0, 0, 1]]),
        )
        move = turn @ shift @ layer.transform.numpy()
        for k, (f, phase) in enumerate(zip(layer.frequencies.numpy(), layer.phases.numpy(), strict=True)):
            turned = f @ move[:2, :2]
            fade = min(max(1 - (np.hypot(*turned) - 2.0) / (4.0 - 2.0), 0), 1)
            for row in range(4):
                for column in range(6):
                    place = np.array([(column + 0.5 - 3) / 8, (row + 0.5 - 2) / 8])
                    angle = 2 * math.pi * (turned @ place + phase + f @ move[:2, 2])
                    assert found[n, k, row, column].item() == pytest.approx(fade * math.sin(angle), abs=1e-9)


def test_frequencies_fill_the_disc_evenly() -> None:
    torch.manual_seed(0)
    layer = FourierFeatures(20_000, 4, rate=8.0, bandwidth=2.0)
    share = (layer.frequencies.norm(dim=1) < 1.0).float().mean().item()
    assert share == pytest.approx(0.25, abs=0.02)  # a quarter of the area
    assert layer.frequencies.mean(0).abs().max() < 0.03


def test_running_magnitude() -> None:
    layer = NormalizeMagnitude(beta=0.9)
    x = 3 * torch.randn(4, 2, 8, 8)
    torch.testing.assert_close(layer.eval()(x), x)
    mean = x.square().mean()
    found = layer.train()(x)
    torch.testing.assert_close(layer.magnitude, 0.9 + 0.1 * mean)
    torch.testing.assert_close(found, x / (0.9 + 0.1 * mean).sqrt())

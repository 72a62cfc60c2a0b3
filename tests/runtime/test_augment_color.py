"""Color, filter, noise, cutout and DiffAugment against formulas written out here, in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from gandsl_runtime.augment import bands, color, corruption, diffaugment
from tests.runtime.augmenting import RANGE, Fixed, apply, draws, image

COLORS = ("brightness", "contrast", "lumaflip", "hue", "saturation")
AXIS = np.ones(3) / math.sqrt(3)


def color_draws(n: int) -> dict[str, torch.Tensor]:
    return {
        "brightness": draws(n, seed=1),
        "contrast": draws(n, seed=2),
        "lumaflip": torch.arange(n) % 2,
        "hue": draws(n, kind="uniform", seed=3),
        "saturation": draws(n, seed=4),
    }


def color_chance(drawn: dict[str, torch.Tensor], *names: str) -> Fixed:
    return Fixed(
        *names,
        normal=[drawn["brightness"], drawn["contrast"], drawn["saturation"]],
        integers=[drawn["lumaflip"]],
        uniform=[drawn["hue"]],
    )


def linear(matrix: np.ndarray) -> np.ndarray:
    return np.block([[matrix, np.zeros((3, 1))], [np.zeros((1, 3)), 1]])


def step_of(name: str, drawn: dict[str, torch.Tensor], i: int) -> np.ndarray:
    """The 4 × 4 matrix of one transform, each from its own definition."""
    luma = np.outer(AXIS, AXIS)
    number = float(drawn[name][i])
    if name == "brightness":
        translated = np.eye(4)
        translated[:3, 3] = 0.2 * number
        return translated
    if name == "hue":  # the rotation that the generator [v]× makes
        x, y, z = AXIS
        generator = torch.tensor([[0, -z, y], [z, 0, -x], [-y, x, 0]], dtype=torch.float64)
        return linear(torch.linalg.matrix_exp(2 * math.pi * number * generator).numpy())
    return linear(
        {
            "contrast": np.eye(3) * 2 ** (0.5 * number),
            "lumaflip": np.eye(3) - 2 * luma * number,
            "saturation": luma + (np.eye(3) - luma) * 2**number,
        }[name]
    )


def chained(drawn: dict[str, torch.Tensor], names: tuple[str, ...], i: int) -> np.ndarray:
    matrix = np.eye(4)
    for name in COLORS:
        if name in names:
            matrix = step_of(name, drawn, i) @ matrix
    return matrix


@pytest.mark.parametrize("names", [*((name,) for name in COLORS), COLORS], ids=lambda names: "+".join(names))
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("data_range", [(-1.0, 1.0), (0.0, 1.0)])
def test_colors_are_the_papers_chain(names, channels, data_range, n=4):
    """Gray is the mean of what becomes of (x, x, x); alpha stays; another range means the same colors."""
    drawn, x = color_draws(n), image(n, channels, 5, 7)
    low, high = data_range
    given = (x + 1) / 2 * (high - low) + low
    y = color.transform(given, color_chance(drawn, *names), data_range)
    y = (y - low) / (high - low) * 2 - 1
    k = channels - (channels in (2, 4))
    for i in range(n):
        matrix = chained(drawn, names, i)
        rgb = x[i, :k].expand(3, -1, -1).flatten(1).numpy()
        expected = (matrix[:3, :3] @ rgb + matrix[:3, 3:]).reshape(3, 5, 7)
        if k == 1:
            expected = expected.mean(0, keepdims=True)
        np.testing.assert_allclose(y[i, :k], expected, atol=1e-12)
    torch.testing.assert_close(y[:, k:], x[:, k:], rtol=0, atol=1e-15)
    if names != ("saturation",) and names != ("hue",):
        assert not torch.allclose(y, x)


def test_more_channels_keep_their_axis(n=4, k=6):
    """Six bands of a sensor: luma is their mean, what is perpendicular is saturated, and none is alpha."""
    drawn, x = color_draws(n), image(n, k, 3, 3)
    y = color.transform(x, color_chance(drawn, "lumaflip", "saturation"), RANGE)
    mean = x.mean(1, keepdim=True)
    sign, factor = 1 - 2 * drawn["lumaflip"], torch.exp2(drawn["saturation"])
    expected = sign.view(n, 1, 1, 1) * mean + factor.view(n, 1, 1, 1) * (x - mean)
    torch.testing.assert_close(y, expected, rtol=0, atol=1e-12)


def test_hue_turns_red_to_green_to_blue():
    """A third of the turn is a permutation of the channels."""
    x = image(1, 3, 2, 2)
    drawn = {name: torch.zeros(1, dtype=torch.float64) for name in COLORS}
    drawn |= {"hue": torch.tensor([1 / 3], dtype=torch.float64), "lumaflip": torch.tensor([0])}
    y = color.transform(x, color_chance(drawn, "hue"), RANGE)
    torch.testing.assert_close(y, x.roll(1, 1), rtol=0, atol=1e-12)


# ---- filter ----------


def response(w: np.ndarray) -> np.ndarray:
    """(4, frequencies): gains of the bands, from the closed form of Daubechies' halfband of two moments."""

    def low(w: np.ndarray) -> np.ndarray:
        return np.cos(w / 2) ** 4 * (1 + 2 * np.sin(w / 2) ** 2)

    a, b, c = low(w), low(2 * w), low(4 * w)
    return np.stack([a * b * c, a * b * (1 - c), a * (1 - b), 1 - a])


@pytest.mark.parametrize("gains", [(1.0, 1, 1, 1), (2.0, 0.5, 1, 3), (0, 0, 0, 1), (1, 0, 0, 0)])
def test_filter_gains_against_the_fourier_transform(gains):
    """A reflected image is periodic, 2(n − 1) long: its spectrum is multiplied by the bands' gains."""
    h, w = 33, 50
    x = image(1, 2, h, w)
    y = bands.equalized(x, torch.tensor([gains], dtype=torch.float64)).numpy()
    periodic = np.concatenate([x.numpy(), x.numpy()[:, :, -2:0:-1]], 2)
    periodic = np.concatenate([periodic, periodic[:, :, :, -2:0:-1]], 3)
    spectrum = np.fft.fft2(periodic)
    for axis in (2, 3):
        frequencies = 2 * np.pi * np.fft.fftfreq(periodic.shape[axis])
        shape = [-1 if i == axis else 1 for i in range(4)]
        spectrum = spectrum * (np.array(gains) @ response(frequencies)).reshape(shape)
    expected = np.fft.ifft2(spectrum).real[:, :, :h, :w]
    np.testing.assert_allclose(y, expected, atol=1e-9)


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (200, 7)])
def test_equal_gains_are_the_identity(size):
    x = image(2, 1, *size)
    y = bands.equalized(x, torch.full((2, 4), 1.5, dtype=torch.float64))
    torch.testing.assert_close(y, x * 1.5**2, rtol=0, atol=1e-9)  # rows and columns


def test_filter_draws_keep_the_expected_power(n=3):
    """Bands are drawn one after another, the power of a 1/f spectrum normalized after each."""
    drawn = [draws(n, seed=i) for i in range(4)]
    x = image(n, 3, 16, 16)
    y = bands.transform(x, Fixed("filter", normal=drawn), RANGE)
    power, gains = np.array([10, 1, 1, 1]) / 13, np.ones((n, 4))
    for i in range(n):
        for band in range(4):
            t = np.ones(4)
            t[band] = 2 ** float(drawn[band][i])
            gains[i] *= t / math.sqrt(float(power @ t**2))
    torch.testing.assert_close(y, bands.equalized(x, torch.from_numpy(gains)), rtol=0, atol=1e-12)
    shifted = bands.transform(x / 2 + 0.5, Fixed("filter", normal=drawn), (0.0, 1.0))
    torch.testing.assert_close(shifted * 2 - 1, y, rtol=0, atol=1e-12)


# ---- noise and cutout ----------


def test_noise_is_white_and_half_normal(n=3000):
    x = torch.zeros(n, 2, 6, 6, dtype=torch.float64)
    y = apply("noise", x)
    strength = y.flatten(1).square().mean(1).sqrt()  # of each image
    assert strength.mean().item() == pytest.approx(0.1 * math.sqrt(2 / math.pi), rel=0.05)
    assert strength.square().mean().item() == pytest.approx(0.01, rel=0.1)
    white = y / strength[:, None, None, None]
    assert abs(white.mean().item()) < 0.01
    for a, b in ((white[:, :, 1:], white[:, :, :-1]), (white[:, 0], white[:, 1]), (white[1:], white[:-1])):
        assert abs((a * b).mean().item()) < 0.02
    half = corruption.noise(torch.zeros(2, 1, 3, 3), NoiseOf(torch.ones(2)), (0.0, 1.0))
    torch.testing.assert_close(half, torch.full_like(half, 0.1 / 2))


class NoiseOf(Fixed):
    """Strengths that are given, and noise of ones."""

    def __init__(self, strength: torch.Tensor) -> None:
        super().__init__("noise", normal=[strength])

    def normal_like(self, x: torch.Tensor) -> torch.Tensor:
        return torch.ones_like(x)


@pytest.mark.parametrize("size", [(8, 8), (5, 9), (1, 2)])
def test_cutout_by_its_definition(size, n=6):
    h, w = size
    x, middle = image(n, 3, h, w), draws(n, 2, kind="uniform")
    y = corruption.cutout(x, Fixed("cutout", uniform=[middle]), (0.0, 1.0))
    cut = 0
    for i in range(n):
        for row in range(h):
            for column in range(w):
                near_row = abs((row + 0.5) / h - float(middle[i, 0])) < 0.25
                near_column = abs((column + 0.5) / w - float(middle[i, 1])) < 0.25
                expected = (
                    torch.full((3,), 0.5).double() if near_row and near_column else x[i, :, row, column]
                )
                assert torch.equal(y[i, :, row, column], expected)
                cut += near_row and near_column
    assert cut


def test_cutout_takes_its_share(n=2000):
    """E of the overlap of a half with the unit interval is 7/16 a direction."""
    y = apply("cutout", torch.ones(n, 1, 16, 16))
    assert (y == 0).double().mean().item() == pytest.approx((7 / 16) ** 2, rel=0.04)


# ---- DiffAugment ----------


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_diffaugment_color(channels, n=4):
    x = image(n, channels, 5, 6)
    b, s, c = (draws(n, kind="uniform", seed=i).view(n, 1, 1, 1) for i in range(3))
    chance = Fixed("diff_color", uniform=[u.flatten() for u in (b, s, c)])
    y = diffaugment.color(x, chance, RANGE)
    k = channels - (channels in (2, 4))
    expected = x[:, :k] + (b - 0.5)
    expected = (expected - expected.mean(1, keepdim=True)) * (2 * s) + expected.mean(1, keepdim=True)
    mean = expected.mean((1, 2, 3), keepdim=True)
    expected = (expected - mean) * (c + 0.5) + mean
    torch.testing.assert_close(y[:, :k], expected, rtol=0, atol=1e-12)
    assert torch.equal(y[:, k:], x[:, k:])


@pytest.mark.parametrize("size", [(16, 16), (9, 20)])
def test_diffaugment_translation(size):
    """The image laid on the middle of the range, and cut out again one eighth aside at most."""
    h, w = size
    most = int(h / 8 + 0.5), int(w / 8 + 0.5)
    down = torch.tensor([most[0], -most[0], 0, 1])
    right = torch.tensor([-most[1], most[1], 1, 0])
    x = image(4, 2, h, w)
    y = diffaugment.translation(x, Fixed("diff_translation", integers=[down, right]), (0.0, 1.0))
    for i in range(4):
        around = torch.full((2, 3 * h, 3 * w), 0.5, dtype=x.dtype)
        around[:, h : 2 * h, w : 2 * w] = x[i]
        top, left = h + int(down[i]), w + int(right[i])
        assert torch.equal(y[i], around[:, top : top + h, left : left + w])


@pytest.mark.parametrize("size", [(8, 8), (5, 10), (6, 7)])
def test_diffaugment_cutout(size):
    h, w = size
    x = image(3, 2, h, w)
    lengths = int(h / 2 + 0.5), int(w / 2 + 0.5)
    rows = torch.tensor([0, h - lengths[0] % 2, h // 2])
    columns = torch.tensor([w - lengths[1] % 2, w // 2, 0])
    y = diffaugment.cutout(x, Fixed("diff_cutout", integers=[rows, columns]), RANGE)
    for i in range(3):
        expected = x[i].clone()
        for a in range(lengths[0]):
            for b in range(lengths[1]):
                row, column = int(rows[i]) + a - lengths[0] // 2, int(columns[i]) + b - lengths[1] // 2
                if 0 <= row < h and 0 <= column < w:
                    expected[:, row, column] = 0
        assert torch.equal(y[i], expected)
        assert not torch.equal(y[i], x[i])

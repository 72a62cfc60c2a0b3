"""Geometry of augmentation: exact permutations, and resampling against its definition, pixel by pixel."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from gandsl_runtime.augment import AugmentDraws, banded, geometry
from gandsl_runtime.augment.wavelet import centre, symlet
from tests.runtime.augmenting import RANGE, Fixed, draws, image, whole

# dec_lo of PyWavelets 1.x, `sym2` and `sym6`; its order of the first is the other one
SYM2 = (-0.12940952255092145, 0.22414386804185735, 0.836516303737469, 0.48296291314469025)
SYM6 = (
    *(0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633),
    *(0.4910559419267466, 0.787641141030194, 0.3379294217276218, -0.07263752278646252),
    *(-0.021060292512300564, 0.04472490177066578, 0.0017677118642428036, -0.007800708325034148),
)


@pytest.mark.parametrize("moments", [1, 2, 3, 4, 6])
def test_wavelets_fulfil_their_equations(moments):
    h = np.array(symlet(moments))
    assert len(h) == 2 * moments and h.sum() == pytest.approx(math.sqrt(2), abs=1e-12)
    for k in range(moments):
        assert h[2 * k :] @ h[: len(h) - 2 * k] == pytest.approx(float(k == 0), abs=1e-9)
    n = np.arange(len(h)) - centre(h)
    for power in range(moments):  # vanishing moments of the highpass
        assert ((-1.0) ** np.arange(len(h)) * n**power) @ h == pytest.approx(0, abs=1e-6)


def test_wavelets_are_the_published_ones():
    np.testing.assert_allclose(symlet(2), SYM2[::-1], atol=1e-10)
    np.testing.assert_allclose(symlet(6), SYM6, atol=1e-10)


# ---- whole pixels ----------


def mirrored(k: int, size: int) -> int:
    """The place inside that a place anywhere is a mirror image of, found by walking."""
    while size > 1 and not 0 <= k < size:
        k = -k if k < 0 else 2 * (size - 1) - k
    return k if size > 1 else 0


def shifted(x: torch.Tensor, right: int, down: int) -> torch.Tensor:
    h, w = x.shape[-2:]
    rows = [mirrored(y - down, h) for y in range(h)]
    columns = [mirrored(x - right, w) for x in range(w)]
    return x[..., rows, :][..., columns]


def blit(x: torch.Tensor, flip: int, turns: int, right: int, down: int) -> torch.Tensor:
    one = torch.tensor([1])
    return geometry._permuted(x, one * (1 - 2 * flip), one * turns, one * right, one * down)


@pytest.mark.parametrize("size", [(8, 8), (7, 7), (1, 1), (6, 9), (5, 8)])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_flips_turns_and_shifts_are_permutations(size, channels):
    x = image(1, channels, *size)
    assert torch.equal(blit(x, 1, 0, 0, 0), x.flip(3))
    for turns in range(4) if size[0] == size[1] else (0, 2):
        for flip, right, down in ((0, 0, 0), (1, 2, 0), (0, -3, 1), (1, 9, -20)):
            base = x.flip(3) if flip else x
            expected = shifted(base.rot90(turns, (2, 3)), right, down)
            assert torch.equal(blit(x, flip, turns, right, down), expected), (flip, turns, right, down)


@pytest.mark.parametrize(("h", "w"), [(6, 10), (9, 3), (4, 7)])
def test_quarter_turns_of_a_rectangle(h, w):
    """About the middle, with the missing ends reflected; off by half a pixel where the parities differ."""
    x = image(1, 2, h, w)
    turned = blit(x, 0, 1, 0, 0)
    for i in range(h):
        for j in range(w):
            row = math.floor((h - 1) / 2 + (j - (w - 1) / 2))
            column = math.floor((w - 1) / 2 - (i - (h - 1) / 2))
            assert torch.equal(turned[0, :, i, j], x[0, :, mirrored(row, h), mirrored(column, w)])


def test_blits_come_from_their_draws():
    """n = 4: flips 1 0 1 0, turns 0 1 2 3, shifts of an eighth of the side at most."""
    x = image(4, 3, 16, 16)
    shift = torch.tensor([[0.0, 0.999], [0.5, 0.5], [0.25, 0.9], [0.5, 0.1]], dtype=torch.float64)
    chance = Fixed(
        "xflip",
        "rotate90",
        "xint",
        integers=[torch.tensor([1, 0, 1, 0]), torch.arange(4)],
        uniform=[shift],
    )
    y = geometry.transform(x, chance, RANGE)
    for n in range(4):
        right, down = (round(float(2 * u - 1) * 0.125 * 16) for u in shift[n])
        base = (x[n].flip(2) if n % 2 == 0 else x[n]).rot90(n, (1, 2))
        assert torch.equal(y[n], shifted(base, right, down))
    assert not torch.equal(y, x)


# ---- fractions of pixels ----------


def naive(x: np.ndarray, linear: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """One channel, from the definition: filter, read bilinearly, filter back, with a loop for each."""
    h, w = x.shape
    taps, delay = np.array(SYM6), float(np.arange(12) @ SYM6 / np.sum(SYM6))

    def large(m: int, n: int) -> float:
        total = 0.0
        for i in range(math.ceil((m - 11) / 2), m // 2 + 1):
            for j in range(math.ceil((n - 11) / 2), n // 2 + 1):
                total += 2 * taps[m - 2 * i] * taps[n - 2 * j] * x[mirrored(i, h), mirrored(j, w)]
        return total

    def folded(place: float, size: int) -> float:
        if -3 <= place <= size + 2:
            return place
        while size > 1 and not 0 <= place <= size - 1:
            place = -place if place < 0 else 2 * (size - 1) - place
        return place if size > 1 else 0.0

    def moved(m: int, n: int) -> float:
        place = np.array([(n - delay) / 2 - (w - 1) / 2, (m - delay) / 2 - (h - 1) / 2])
        sx, sy = linear @ place + offset
        v = 2 * folded(sy + (h - 1) / 2, h) + delay
        u = 2 * folded(sx + (w - 1) / 2, w) + delay
        i, j = math.floor(v), math.floor(u)
        a, b = v - i, u - j
        top = (1 - b) * large(i, j) + b * large(i, j + 1)
        bottom = (1 - b) * large(i + 1, j) + b * large(i + 1, j + 1)
        return (1 - a) * top + a * bottom

    dense = np.array([[moved(m, n) for n in range(2 * w + 10)] for m in range(2 * h + 10)])
    windows = [[dense[2 * i : 2 * i + 12, 2 * j : 2 * j + 12] for j in range(w)] for i in range(h)]
    return np.array([[taps @ window @ taps / 2 for window in row] for row in windows])


ROTATED = np.array([[0.8, -0.7], [0.5, 0.9]]), np.array([1.3, -0.4])
FAR = np.array([[2.5, 0.2], [-0.3, 1.7]]), np.array([-6.0, 9.0])


@pytest.mark.parametrize("size", [(5, 6), (4, 4), (3, 7), (1, 4)])
@pytest.mark.parametrize("affine", [ROTATED, FAR], ids=["rotated", "far"])
def test_resampling_is_its_definition(size, affine):
    x = image(1, 2, *size)
    linear, offset = (torch.from_numpy(part)[None] for part in affine)
    y = geometry.resampled(x, linear, offset)
    for channel in range(2):
        expected = naive(x[0, channel].numpy(), *affine)
        np.testing.assert_allclose(y[0, channel].numpy(), expected, atol=1e-9)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (8, 8), (33, 20), (161, 5), (5, 400)])
def test_resampling_by_the_identity_is_exact(size):
    """At the edges too: orthogonal filters reconstruct what they have filtered."""
    x = image(1, 1, *size)
    y = geometry.resampled(x, torch.eye(2, dtype=x.dtype)[None], torch.zeros(1, 2, dtype=x.dtype))
    torch.testing.assert_close(y, x, rtol=0, atol=1e-9)


def test_what_is_linear_stays_linear():
    """Enlarging, reading and reducing agree on where a pixel lies, to far less than a pixel."""
    size, angle = 40, 0.3
    places = torch.arange(size, dtype=torch.float64) - (size - 1) / 2
    ramp = (0.7 * places[:, None] - 0.2 * places)[None, None]
    cos, sin = math.cos(angle), math.sin(angle)
    linear = torch.tensor([[[cos, -sin], [sin, cos]]], dtype=torch.float64)
    offset = torch.tensor([[0.31, -0.77]], dtype=torch.float64)
    y = geometry.resampled(ramp, linear, offset)
    source_x = cos * places - sin * places[:, None] + 0.31
    source_y = sin * places + cos * places[:, None] - 0.77
    inside = slice(14, 26)  # far enough from the edges for every tap
    expected = (0.7 * source_y - 0.2 * source_x)[inside, inside]
    torch.testing.assert_close(y[0, 0, inside, inside], expected, rtol=0, atol=1e-9)


def test_blocks_change_nothing(monkeypatch):
    x, linear = image(2, 3, 23, 31), torch.from_numpy(ROTATED[0]).expand(2, 2, 2)
    offset = torch.from_numpy(ROTATED[1]).expand(2, 2)
    assert geometry._reducing(31, x.device, x.dtype).reads is None  # all at once
    at_once = geometry.resampled(x, linear, offset)
    monkeypatch.setattr(geometry, "_enlarging", geometry._enlarging.__wrapped__)  # without their caches
    monkeypatch.setattr(geometry, "_reducing", geometry._reducing.__wrapped__)
    for block in (1, 4, 7):
        monkeypatch.setattr(geometry, "BLOCK", block)
        assert geometry._reducing(31, x.device, x.dtype).reads is not None
        torch.testing.assert_close(geometry.resampled(x, linear, offset), at_once, rtol=0, atol=1e-12)


def test_reflection_reaches_any_distance():
    places = torch.arange(-23, 40)
    for size in (1, 2, 5):
        assert banded.reflected(places, size).tolist() == [mirrored(int(k), size) for k in places]
    assert banded.reflected(torch.tensor([-0.25, 4.5, 9.0]), 5).tolist() == [0.25, 3.5, 1.0]


# ---- the chain of transforms ----------


def homogeneous(a: float, b: float, c: float, d: float, x: float = 0, y: float = 0) -> np.ndarray:
    return np.array([[a, b, x], [c, d, y], [0, 0, 1]])


def turn(angle: float) -> np.ndarray:
    return homogeneous(math.cos(angle), -math.sin(angle), math.sin(angle), math.cos(angle))


def test_the_map_is_the_papers_chain(size=(6, 10), n=5):
    """The product of forward matrices in the paper's order, inverted as one 3 × 3 matrix."""
    h, w = size
    names = ("xflip", "rotate90", "xint", "scale", "rotate", "aniso", "xfrac")
    flip, turns = torch.tensor([0, 1, 0, 1, 1]), torch.tensor([0, 1, 2, 3, 1])
    shift, scale, aniso = draws(n, 2, kind="uniform"), draws(n, seed=1), draws(n, seed=2)
    before, after = draws(n, kind="uniform", seed=3), draws(n, kind="uniform", seed=4)
    fraction = draws(n, 2, seed=5)
    chance = Fixed(
        *names,
        integers=[flip, turns],
        uniform=[shift, before, after],
        normal=[scale, aniso, fraction],
    )
    blits = geometry._blit(chance, h, w)
    happened, linear, offset = geometry._inverse(chance, h, w, *blits)
    assert happened.all()
    for i in range(n):
        s, a = 2 ** (0.2 * float(scale[i])), 2 ** (0.2 * float(aniso[i]))
        tx, ty = (2 * shift[i] - 1) * 0.125 * torch.tensor([w, h])
        fx, fy = fraction[i] * 0.125 * torch.tensor([w, h])
        chain = [
            homogeneous(1 - 2 * int(flip[i]), 0, 0, 1),
            turn(-math.pi / 2 * int(turns[i])),  # y points down: counterclockwise is a negative angle
            homogeneous(1, 0, 0, 1, round(float(tx)), round(float(ty))),
            homogeneous(s, 0, 0, s),
            turn(-2 * math.pi * float(before[i])),
            homogeneous(a, 0, 0, 1 / a),
            turn(-2 * math.pi * float(after[i])),
            homogeneous(1, 0, 0, 1, float(fx), float(fy)),
        ]
        forward = np.eye(3)
        for matrix in chain:
            forward = matrix @ forward
        inverse = np.linalg.inv(forward)
        np.testing.assert_allclose(linear[i], inverse[:2, :2], atol=1e-12)
        np.testing.assert_allclose(offset[i], inverse[:2, 2], atol=1e-12)


def test_resampled_blits_are_the_permutations():
    """Both mean the same transform: they differ by bilinear reading alone, |f″|/32 a direction."""
    grid = torch.linspace(-3, 3, 24, dtype=torch.float64)
    x = (torch.sin(grid)[:, None] * torch.cos(grid * 0.7 + 1) + 0.1 * grid)[None, None]
    nothing = AugmentDraws(x, {}, 1.0, whole(x), ())
    for flip, turns, right, down in ((1, 0, 0, 0), (0, 1, 0, 0), (1, 3, 2, -1), (0, 2, -3, 2)):
        one = torch.tensor([1])
        blits = one * (1 - 2 * flip), one * turns, one * right, one * down
        _, linear, offset = geometry._inverse(nothing, 24, 24, *blits)
        inner = slice(6, 18)
        a = geometry.resampled(x, linear, offset)[..., inner, inner]
        torch.testing.assert_close(a, geometry._permuted(x, *blits)[..., inner, inner], rtol=0, atol=4e-3)


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore:Dynamo detected a call to a .functools.lru_cache")
def test_resampling_is_compiled() -> None:
    """By torch's default backend, which bounds every index: as in eager, and so are its slopes."""
    torch._dynamo.reset()
    torch.manual_seed(0)
    linear = torch.eye(2) + 0.1 * torch.randn(2, 2, 2)
    offset = torch.randn(2, 2)
    compiled = torch.compile(geometry.resampled, fullgraph=True, dynamic=False)
    found = []
    for how in (geometry.resampled, compiled):
        x = torch.linspace(-1, 1, 2 * 3 * 16 * 16).view(2, 3, 16, 16).requires_grad_()
        y = how(x, linear, offset)
        found.append((y, *torch.autograd.grad(y.square().sum(), x)))
    for eager, other in zip(*found, strict=True):
        torch.testing.assert_close(other, eager, rtol=1e-4, atol=1e-5)

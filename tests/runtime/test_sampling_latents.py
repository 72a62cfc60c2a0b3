"""Latents of sampling: distributions against closed forms, statistics for each truncation."""

from __future__ import annotations

import math

import pytest
import torch

from gandsl_runtime.layers import BatchNorm
from gandsl_runtime.network import Network, Port
from gandsl_runtime.sample import SamplingError, sample
from gandsl_runtime.sample.latents import latent


def truncated_moments(bound: float) -> tuple[float, float]:
    """Second and fourth moment of a standard normal within ±bound, integrated by parts."""
    density = math.exp(-(bound**2) / 2) / math.sqrt(2 * math.pi)
    mass = math.erf(bound / math.sqrt(2))
    second = 1 - 2 * bound * density / mass
    return second, 3 * second - 2 * bound**3 * density / mass


def truncated_distribution(x: torch.Tensor, bound: float) -> torch.Tensor:
    """P(value < x) of the same."""
    return 0.5 + torch.erf(x / math.sqrt(2)) / (2 * math.erf(bound / math.sqrt(2)))


COUNT = 400_000


# distribution, truncation, cut → bound of the normal, factor after it
CASES = [
    ("normal", 0.4, "again", 0.4, 1.0),
    ("normal", 1.0, "again", 1.0, 1.0),
    ("normal", 2.0, "again", 2.0, 1.0),
    ("truncated_normal", None, "again", 2.0, 1.0),
    ("truncated_normal", 0.7, "again", 0.7, 1.0),
    ("normal", 0.3, "scale", 2.0, 0.3),
]


@pytest.mark.parametrize(("distribution", "truncation", "cut", "bound", "factor"), CASES)
def test_truncated_normal(distribution, truncation, cut, bound, factor):
    port = Port("z", "Latent", (COUNT // 4,), distribution)
    z = latent(port, 4, torch.Generator().manual_seed(3), truncation, cut).double().flatten() / factor
    second, fourth = truncated_moments(bound)
    assert z.abs().max() <= bound * (1 + 1e-6)
    # five standard deviations of a mean of COUNT values
    assert abs(z.mean()) < 5 * math.sqrt(second / COUNT)
    assert abs(z.square().mean() - second) < 5 * math.sqrt((fourth - second**2) / COUNT)
    assert abs((z**4).mean() - fourth) < 5 * bound**4 / math.sqrt(COUNT)
    # Kolmogorov: √n·distance exceeds 2 with a chance of 7e-4
    steps = torch.arange(1, COUNT + 1).double() / COUNT
    assert (truncated_distribution(z.sort().values, bound) - steps).abs().max() < 2 / math.sqrt(COUNT)


def test_moments_are_those_of_a_known_table():
    assert truncated_moments(2.0)[0] == pytest.approx(0.7737, abs=1e-4)
    assert truncated_moments(9.0) == pytest.approx((1, 3), abs=1e-9)
    assert truncated_moments(1e-3)[0] == pytest.approx(1e-6 / 3, rel=1e-5)


class Tabled(Network):
    """z → z normalized by statistics of five truncations: mean = row, variance = 1."""

    def __init__(self) -> None:
        super().__init__()
        self.inputs = (Port("z", "Latent", (300,), "normal"),)
        self.outputs = (Port("image", "Image", (1, 1, 300)),)
        self.norm = BatchNorm(1, affine=False, eps=0.0, rows=5)
        self.norm.running_mean.copy_(torch.arange(5.0)[:, None] * 100)

    def program(self, entry="forward", level=None, fading=False):
        return lambda z: self.norm(z[:, None, None, :])


@pytest.mark.parametrize(("truncation", "row"), [(None, 4), (1.0, 4), (0.75, 3), (0.25, 1)])
def test_statistics_for_each_truncation(truncation, row):
    network = Tabled()
    (images,) = sample(network, range(20), truncation=truncation)
    z = images + 100 * row
    psi = truncation or 1.0
    assert 1.9 * psi < z.abs().max() <= 2 * psi + 1e-4  # float rounding of the shift by a hundred
    assert z.square().mean() == pytest.approx(truncated_moments(2.0)[0] * psi**2, rel=0.05)
    assert network.norm.truncation == 1.0


def test_statistics_end_at_truncation_one():
    with pytest.raises(SamplingError, match="up to 1"):
        sample(Tabled(), [1], truncation=1.1)

"""The leading singular values of weights, and the bound on the first."""

from __future__ import annotations

import pytest
import torch

from gandsl_runtime.errors import PlanError
from gandsl_runtime.plan import TopSingularValue
from gandsl_runtime.training import spectrum
from tests.runtime import nets
from tests.runtime.helpers import arrays, plan
from tests.runtime.networks import ConvDiscriminator, ConvGenerator, seeded


def matrix_of(rows: int, columns: int, values: torch.Tensor) -> torch.Tensor:
    """A matrix with these singular values."""
    torch.manual_seed(3)
    left, right = (
        torch.linalg.qr(torch.randn(n, len(values), dtype=torch.float64)).Q for n in (rows, columns)
    )
    return left * values @ right.mT


# the worst case of an iteration is a spectrum without gaps, as fresh weights have it
@pytest.mark.parametrize(("shape", "close"), [((4, 30), 1e-12), ((30, 7), 1e-12), ((64, 200), 1e-3)])
def test_leading_values_of_fresh_weights(shape, close):
    torch.manual_seed(0)
    matrix = torch.randn(shape, dtype=torch.float64)
    left, values, right = spectrum.leading(matrix)
    true = torch.linalg.svdvals(matrix)
    short = 1 - values / true[: len(values)]
    assert -1e-12 < short[0] < close and -1e-12 < short[1] < 10 * close
    assert (left[:, 0] @ matrix @ right[:, 0]).item() == pytest.approx(values[0].item(), rel=1e-9)
    torch.testing.assert_close(left.mT @ left, torch.eye(left.shape[1]).double())


def test_leading_triples_where_values_differ():
    values = 2.0 / torch.arange(1, 41, dtype=torch.float64)
    matrix = matrix_of(64, 200, values)
    left, found, right = spectrum.leading(matrix)
    torch.testing.assert_close(found[:2], values[:2], rtol=1e-9, atol=0)
    u, s, vh = torch.linalg.svd(matrix, full_matrices=False)
    torch.testing.assert_close(
        left[:, :1] * found[0] @ right[:, :1].mT, u[:, :1] * s[0] @ vh[:1], rtol=0, atol=1e-7
    )


@pytest.mark.parametrize(
    ("written", "wanted"),
    [({"limit": 1.5}, (1.5, 1.2)), ({"limit": 4.0}, (3.0, 1.2)), ({"ratio": 1.25}, (1.5, 1.2))],
)
def test_bound(written, wanted):
    """σ₀ comes down to the clamp, and nothing else of the weight changes."""
    network = torch.nn.Conv2d(5, 12, 3, dtype=torch.float64)
    values = torch.tensor([3.0, 1.2, 0.9, 0.4, 0.1], dtype=torch.float64)
    before = matrix_of(12, 45, values)
    network.weight.data.copy_(before.view(12, 5, 3, 3))
    spectrum.bound(network, TopSingularValue.model_validate(written))
    after = network.weight.detach().flatten(1)
    expected = torch.tensor([*wanted, 0.9, 0.4, 0.1], dtype=torch.float64)
    torch.testing.assert_close(torch.linalg.svdvals(after)[:5], expected.sort(descending=True).values)
    u, _, vh = torch.linalg.svd(before, full_matrices=False)
    moved = max(3.0 - wanted[0], 0) * torch.outer(u[:, 0], vh[0])
    torch.testing.assert_close(after, before - moved, rtol=0, atol=1e-9)


def test_what_diverged_is_left_for_the_trainer_to_say():
    network = torch.nn.Linear(3, 4)
    network.weight.data[0, 0] = torch.nan
    spectrum.bound(network, TopSingularValue(limit=0.1))
    assert network.weight.isnan().sum() == 1


@pytest.mark.parametrize("network", ["generator", "discriminator", "both"])
def test_after_each_optimizer_step(network):
    """D's weights after D's step and G's after G's, as without the bound but for the first triple."""

    def trained(**changes):
        networks = seeded(ConvGenerator).double(), seeded(ConvDiscriminator).double()
        nets.trainer_of(plan(**changes), networks, data=arrays(), observing=()).step()
        return networks

    bound = {"limit": 0.5, "network": network, "skip": ["fc"]}
    sides = zip(("generator", "discriminator"), trained(top_singular_value=bound), trained(), strict=True)
    for side, found, without in sides:
        if network == "both" and side == "generator":
            continue  # it met another D
        for (name, weight), before in zip(found.named_parameters(), without.parameters(), strict=True):
            expected = before.detach().clone()
            if network in (side, "both") and before.ndim > 1 and not name.startswith("fc."):
                u, s, vh = torch.linalg.svd(expected.flatten(1), full_matrices=False)
                assert s[0] > 0.5, "the bound has something to do"
                expected -= ((s[0] - 0.5) * torch.outer(u[:, 0], vh[0])).view_as(expected)
            if network == "discriminator" and side == "generator":
                continue
            torch.testing.assert_close(weight.detach(), expected, rtol=0, atol=1e-7, msg=f"{side} {name}")


def test_the_plan_says_it_once():
    for written in ({}, {"limit": 1, "ratio": 2}):
        with pytest.raises(ValueError, match="one of `limit` and `ratio`"):
            plan(top_singular_value=written)
    networks = seeded(ConvGenerator), seeded(ConvDiscriminator)
    with pytest.raises(PlanError, match=r"top_singular_value\.skip names con, and no node"):
        nets.trainer_of(plan(top_singular_value={"limit": 1, "skip": ["con"]}), networks, data=arrays())

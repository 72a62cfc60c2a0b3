"""Folded weights are never stale."""

from __future__ import annotations

import copy

import pytest
import torch

from gandsl_runtime import layers
from tests.runtime.formulas import same

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("weight", ["equalized", "spectral"])
def test_a_folded_weight_is_never_stale(weight: str) -> None:
    layer = layers.Conv2d(3, 4, weight=weight).eval()
    folded, x = layers.Folded(layer), torch.randn(2, 3, 5, 5)
    assert not folded.state_dict()

    def agrees() -> None:
        with torch.no_grad():
            same(layer(x, weight=folded()), layer(x))

    with torch.no_grad():
        assert folded() is folded()
    agrees()
    with torch.no_grad():
        layer.weight.mul_(2.0).add_(0.1)  # an optimizer's step, a moving average
    agrees()
    layer.load_state_dict({key: torch.randn_like(value) for key, value in layer.state_dict().items()})
    agrees()
    layer.load_state_dict(
        {key: torch.randn_like(value) for key, value in layer.state_dict().items()}, assign=True
    )
    agrees()
    layer.float()
    assert folded().dtype == torch.float32
    layer.double()
    agrees()


def test_a_folded_weight_lets_gradients_through_and_iterates_in_training() -> None:
    layer = layers.Linear(3, 2, weight="spectral")
    folded = layers.Folded(layer)
    u = layer.u0.clone()
    folded()
    assert not torch.equal(layer.u0, u)
    layer.eval()
    (gradient,) = torch.autograd.grad(folded().sum(), layer.weight)
    (expected,) = torch.autograd.grad((layer.weight * layer.factor()).sum(), layer.weight)
    same(gradient, expected)


def test_copies_do_not_share() -> None:
    layer = layers.Conv2d(2, 2)
    twin = copy.deepcopy(layer)
    with torch.no_grad():
        twin.weight.zero_()
    assert layer.weight.any()

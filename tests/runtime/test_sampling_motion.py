"""Images that a user turns and shifts: whole pixels and right angles, which need no interpolation."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gandsl_runtime.layers import FourierFeatures
from gandsl_runtime.sample import SamplingError, move

STILL = torch.tensor([[0.0, 0.0, 0.0, 0.0]])  # the network itself moves nothing


def plane() -> FourierFeatures:
    torch.manual_seed(0)
    return FourierFeatures(6, 10, rate=8.0, bandwidth=2.0)


@pytest.mark.parametrize(("x", "y"), [(1, 0), (0, 2), (-3, 1)])
def test_a_shift_by_whole_pixels(x: int, y: int) -> None:
    """Ten pixels are shown, eight make a side."""
    layer = plane()
    before = layer(STILL)
    move(nn.Sequential(layer), (x / 8, y / 8))
    after = layer(STILL)
    inner = slice(3, 7)
    shifted = before.roll((y, x), (2, 3))
    torch.testing.assert_close(after[..., inner, inner], shifted[..., inner, inner], rtol=0, atol=1e-5)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_quarter_turns(quarters: int) -> None:
    """To the left, as images are shown; the phases stay, which are the plane's."""
    layer = plane()
    before = layer(STILL)
    move(nn.Sequential(layer), rotate=90.0 * quarters)
    turned = torch.rot90(before, quarters, (2, 3))
    torch.testing.assert_close(layer(STILL), turned, rtol=0, atol=1e-5)


def test_a_second_move_starts_anew() -> None:
    layer = plane()
    before = layer(STILL)
    move(nn.Sequential(layer), (0.3, 1.0), 20.0)
    move(nn.Sequential(layer))
    assert torch.equal(layer(STILL), before)


def test_what_can_not_be_moved() -> None:
    with pytest.raises(SamplingError, match="the generator has none"):
        move(nn.Sequential(nn.Linear(1, 1)))
    with pytest.raises(SamplingError, match="not all are finite"):
        move(nn.Sequential(plane()), rotate=float("nan"))

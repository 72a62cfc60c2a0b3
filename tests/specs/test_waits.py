"""The finder of waits finds each kind, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from tests.specs.waits import Waits


@pytest.mark.parametrize(
    "wait",
    [
        lambda x: x.sum().item(),
        lambda x: float(x[0]),
        lambda x: bool(x.isfinite().all()),
        lambda x: x * x.new_tensor([1.0, 2.0]),
        lambda x: x * torch.tensor([1.0, 2.0], device=x.device),
        lambda x: torch.as_tensor(0.5) * x,
        lambda x: x[x > 0],
        lambda x: x.masked_select(x > 0),
        lambda x: x.unique(),
        lambda x: torch.equal(x, x),
        lambda x: x.index_put_((x > 0,), x.new_zeros(())),
    ],
)
def test_found(wait: Callable[[Tensor], object]) -> None:
    x = torch.ones(2)
    with Waits() as waits:
        wait(x)
    assert waits.found


def test_what_stays_on_the_device_is_not() -> None:
    x = torch.ones(2, requires_grad=True)
    with Waits() as waits:
        y = torch.where(x > 0, x, 0.0) * x.new_full((), 0.5) + torch.arange(2, device=x.device)
        y.sum().backward()
        x.detach()[torch.zeros(2, dtype=torch.int64)].lerp_(y, 0.3)
    assert not waits.found

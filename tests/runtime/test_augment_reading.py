"""Reading of images at places: as torch reads, with derivatives of every order, which older torch lacks."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from gandsl_runtime.augment.reading import read


def given(dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    """Images, and places of which some lie past the edge."""
    draw = torch.Generator().manual_seed(0)
    images = torch.randn(2, 3, 4, 5, generator=draw, dtype=torch.float64)
    grid = torch.rand(2, 3, 4, 2, generator=draw, dtype=torch.float64) * 2.8 - 1.4
    return images.to(dtype).requires_grad_(), grid.to(dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_values_and_slopes_are_torch_s_to_the_bit(dtype: torch.dtype) -> None:
    images, grid = given(dtype)
    found = []
    for how in (read, lambda x, at: F.grid_sample(x, at, padding_mode="border", align_corners=True)):
        seen = how(images, grid)
        found.append((seen, *torch.autograd.grad(seen.square().sum(), images)))
    for mine, theirs in zip(*found, strict=True):
        assert torch.equal(mine, theirs)


def test_second_and_third_derivatives_are_those_of_differences() -> None:
    images, grid = given()
    assert torch.autograd.gradgradcheck(lambda x: read(x, grid).tanh(), images)

    def second(x: torch.Tensor) -> torch.Tensor:
        (slope,) = torch.autograd.grad(read(x, grid).tanh().sum(), x, create_graph=True)
        (bend,) = torch.autograd.grad(slope.square().sum(), x, create_graph=True)
        return bend

    assert torch.autograd.gradcheck(second, images)

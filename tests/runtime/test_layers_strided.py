"""Convolutions around faults of torch: gradients are right whatever the memory held, and in all strides."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from gandsl_runtime.layers.strided import conv2d, conv_transpose2d

LAYOUTS = {
    "contiguous": lambda x: x.contiguous(),
    "channels last": lambda x: x.contiguous(memory_format=torch.channels_last),
    "channels last by strides": lambda x: x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2),
}


def spoil() -> None:
    """Leave memory behind that is no number."""
    junk = [torch.full((size,), float("nan")) for size in (8, 16, 18, 24, 36, 48, 72, 108, 128, 256, 512)]
    del junk


def derivatives(
    function: Callable[..., Tensor], x: Tensor, weight: Tensor, stride: int, padding: int
) -> list[Tensor]:
    """First, and of their squares' sum second derivatives by both."""
    wrt = [given.detach().requires_grad_() for given in (x, weight)]
    spoil()
    y = function(*wrt, stride=stride, padding=padding)
    first = torch.autograd.grad((y * y).sum(), wrt, create_graph=True)
    spoil()
    second = torch.autograd.grad(sum((g * g).sum() for g in first), wrt)
    return [g.detach() for g in (*first, *second)]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("function", [conv2d, conv_transpose2d], ids=lambda f: f.__name__)
def test_gradients_of_taps_that_see_padding_alone(function: Callable[..., Tensor], layout: str) -> None:
    """A 3×3 kernel on one pixel has eight of them."""
    place = LAYOUTS[layout]
    for side, kernel, stride in itertools.product((1, 2, 4), (3, 4), (2, 5)):
        torch.manual_seed(side)
        x = place(torch.randn(3, 2, side, side).bfloat16())
        weight = place(torch.randn(2, 2, kernel, kernel).bfloat16())
        if side + 2 < kernel:
            continue
        found = derivatives(function, x, weight, stride, 1)
        expected = derivatives(function, x.double(), weight.double(), stride, 1)
        for index, (ours, truth) in enumerate(zip(found, expected, strict=True)):
            gap = (ours.double() - truth).abs().max().item()
            assert gap <= 0.1 * truth.abs().max().item(), (side, kernel, stride, index, gap)


@pytest.mark.parametrize("groups", [2, 4])
@pytest.mark.parametrize("function", [conv2d, conv_transpose2d], ids=lambda f: f.__name__)
def test_one_pixel_in_groups_with_any_strides(function: Callable[..., Tensor], groups: int) -> None:
    """A side of 1 may have any stride; the gradients are those of a plain layout, to the bit."""
    numbers, weight = torch.randn(8).double(), torch.randn(8, 8 // groups, 3, 3).double()
    found = []
    for stride in (8 // groups, 1, 5):
        x = numbers.as_strided((1, 8, 1, 1), (8, 1, stride, stride)).requires_grad_()
        given = weight.clone().requires_grad_()
        y = function(x, given, padding=1, groups=groups)
        found.append(torch.autograd.grad((y * y).sum(), [x, given], create_graph=True))
    assert all(torch.equal(a, b) for other in found[1:] for a, b in zip(found[0], other, strict=True))

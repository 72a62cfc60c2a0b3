"""Convolutions around faults of torch: gradients are right whatever the memory held, and in all strides."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

from gandsl_runtime.layers.strided import conv, conv_transpose

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
@pytest.mark.parametrize("function", [conv, conv_transpose], ids=lambda f: f.__name__)
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


@pytest.mark.parametrize("samples", [3, 8, 12])
@pytest.mark.parametrize("side", [4, 8, 16])
def test_second_derivatives_by_a_weight(samples: int, side: int) -> None:
    """Made by a convolution of few channels, the samples, by a kernel of as many sides as the result."""
    torch.manual_seed(samples)
    x, weight = torch.randn(samples, 3, side, side).bfloat16(), torch.randn(8, 3, 3, 3).bfloat16()
    given = (x, weight), (x.double(), weight.double())
    found, expected = (derivatives(conv, *one, 1, 1) for one in given)
    for ours, truth in zip(found, expected, strict=True):
        assert (ours.double() - truth).norm() <= 0.05 * truth.norm()


@pytest.mark.parametrize("kernel", [7, 8, 9])
def test_kernels_of_many_taps(kernel: int) -> None:
    torch.manual_seed(kernel)
    x, weight = torch.randn(2, 8, 16, 16).bfloat16(), torch.randn(8, 8, kernel, kernel).bfloat16()
    truth = functional.conv2d(x.double(), weight.double(), padding=1)
    assert (conv(x, weight, padding=1).double() - truth).norm() <= 0.01 * truth.norm()


@pytest.mark.parametrize("groups", [2, 4])
@pytest.mark.parametrize("function", [conv, conv_transpose], ids=lambda f: f.__name__)
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


# ---- convolutions by constants ---------------------------------------------------------


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("stride", [1, 2])
def test_a_constant_weight_gives_torch_s_numbers_to_the_bit(
    transposed: bool, dtype: torch.dtype, stride: int
) -> None:
    """Output, first and second derivatives, where those of the bias count and where not."""
    torch.manual_seed(0)
    x = torch.randn(2, 6, 9, 9, dtype=dtype, requires_grad=True)
    weight = torch.randn(1, 1, 4, 4, dtype=dtype).expand(6, 1, 4, 4)
    bias = torch.randn(6, dtype=dtype, requires_grad=True)
    own, torch_s = (conv_transpose, functional.conv_transpose2d) if transposed else (conv, functional.conv2d)
    found = []
    for function in (own, torch_s):
        y = function(x, weight, bias, stride, 1, groups=6).sin()
        slopes = torch.autograd.grad(y.sum(), [x, bias], create_graph=True)
        both = slopes[0].square().sum() + slopes[1].square().sum()
        found.append([y, *slopes])
        for loss in (both, slopes[0].square().sum(), slopes[1].square().sum()):
            found[-1] += torch.autograd.grad(loss, [x, bias], retain_graph=True)
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_a_constant_weight_costs_no_convolution_for_a_gradient_of_its_own() -> None:
    """torch's second derivative makes one a group, wanted or not."""
    x = torch.randn(2, 16, 8, 8, requires_grad=True)
    weight = torch.randn(1, 1, 3, 3).expand(16, 1, 3, 3)
    with CountedConvolutions() as mine:
        _differentiated_twice(conv(x, weight, None, 1, 1, groups=16), x)
    with CountedConvolutions() as theirs:
        _differentiated_twice(functional.conv2d(x, weight, None, 1, 1, groups=16), x)
    assert mine.count == 4 and theirs.count > 16


def _differentiated_twice(y: Tensor, x: Tensor) -> None:
    (slope,) = torch.autograd.grad(y.square().sum(), x, create_graph=True)
    slope.square().sum().backward()


class CountedConvolutions(TorchDispatchMode):
    """The convolutions, and their backward ones, that run inside."""

    count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += "convolution" in func.__name__
        return func(*args, **(kwargs or {}))

"""Launches counted without a GPU: networks small enough to count by hand, and what is unknown is an error."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from bench import kernels, launches
from bench.kernels import Launches, Tally, Unknown
from gandsl.passes.devices import DEVICES

NUMBERS = 2 * 4 * 8 * 8  # of the feature in these tests
FEATURE = 4 * NUMBERS  # bytes


def counted(take: Callable[[], object]) -> Tally:
    with Launches() as found:
        take()
    return found.total()


def feature(**how: bool) -> Tensor:
    return torch.randn(2, 4, 8, 8, **how)


def conv(bias: bool = True) -> nn.Conv2d:
    return nn.Conv2d(4, 4, 3, padding=1, bias=bias)


@pytest.mark.parametrize(
    ("take", "kernels_", "passes"),
    [
        (lambda x: x.view(2, -1).t().detach(), 0, 0),
        (lambda x: x + 1, 1, 2),
        (lambda x: x.add_(1), 1, 2),
        (lambda x: x.clone(), 1, 2),
        (lambda x: x.to(torch.float64), 1, 3),
        (lambda x: x.zero_(), 1, 1),
        (lambda x: torch.cat([x, x]), 1, 4),
        (lambda x: x * torch.ones(()).expand(2, 4, 8, 8), 2, 2 + 8 / FEATURE),
        (lambda x: x.sum(), 1, 1 + 4 / FEATURE),
        (lambda x: x.expand(3, 2, 4, 8, 8).contiguous(), 1, 4),
        (lambda x: functional.pad(x, (1, 1, 1, 1)), 2, 100 / 64 + 2),
        (lambda x: functional.pad(x, (-1, -1, -1, -1)), 1, 2 * 36 / 64),
    ],
)
def test_an_operator(take: Callable[[Tensor], object], kernels_: int, passes: float) -> None:
    x = feature()
    found = counted(lambda: take(x))
    assert (found.kernels, found.products) == (kernels_, 0)
    assert found.bytes == pytest.approx(passes * FEATURE)


def test_a_network_counted_by_hand_forward_and_backward() -> None:
    """A convolution, its bias, a rectifier, a sum.

    Backward: one number to begin with, which the sum spreads as a view; the rectifier's; of the convolution
    one to the weight, one to the bias, none to the image.
    """
    network, x = conv(), feature()
    forward = Tally(4, 1, 2 * FEATURE + 4 * 4 + 2 * FEATURE + FEATURE + 4)
    backward = Tally(1 + 1 + 2, 1, 4 + 4 + (2 * FEATURE + 4) + FEATURE)
    seen: list[Tensor] = []
    assert counted(lambda: seen.append(network(x).relu().sum())) == forward
    assert counted(seen[0].backward).kernels == backward.kernels
    assert counted(lambda: network(x.requires_grad_()).sum().backward()).products == 3


def test_a_kernel_less_is_one_less() -> None:
    x = feature()
    with_bias, without = conv(), conv(bias=False)
    assert counted(lambda: with_bias(x)).kernels - counted(lambda: without(x)).kernels == 1
    assert counted(lambda: without(x).relu()).kernels - counted(lambda: without(x)).kernels == 1


def test_operands_that_do_not_lie_dense_are_copied_first() -> None:
    x, weight = feature(), torch.randn(4, 4, 3, 3)
    assert counted(lambda: functional.conv2d(x, weight)).kernels == 1
    assert counted(lambda: functional.conv2d(x, weight.transpose(0, 1))).kernels == 2
    filters = torch.randn(1, 1, 3, 3).expand(4, 1, 3, 3)
    depthwise = counted(lambda: functional.conv2d(x, filters, padding=1, groups=4))
    assert (depthwise.kernels, depthwise.products) == (2, 0)
    a = torch.randn(8, 8)
    assert counted(lambda: a.t() @ a.t()).kernels == 1


def test_a_bias_rides_in_a_matrix_product_as_it_is() -> None:
    bias, a = torch.randn(8), torch.randn(8, 8)
    assert counted(lambda: torch.addmm(bias, a, a)).kernels == 1
    assert counted(lambda: torch.addmm(bias, a, a, beta=2.0)).kernels == 2


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([10], 1),
        ([10] * 64, 1),
        ([10] * 65, 2),  # 64 tensors a launch where two lists are walked
        ([kernels.CHUNK * kernels.BLOCKS], 1),
        ([kernels.CHUNK * kernels.BLOCKS + 1], 2),
        ([kernels.CHUNK * 300, kernels.CHUNK * 40], 2),
    ],
)
def test_a_list_is_walked_in_launches(sizes: list[int], expected: int) -> None:
    lists = [[torch.empty(size, device="meta") for size in sizes] for _ in range(2)]
    found = counted(lambda: torch._foreach_lerp_(*lists, 0.5))
    assert (found.kernels, found.bytes) == (expected, 3 * 4 * sum(sizes))


def test_an_unknown_operator_is_an_error() -> None:
    with pytest.raises(Unknown, match="fft"), Launches():
        torch.fft.fft(torch.randn(8))


def test_parts_count_apart_and_a_step_is_their_mean() -> None:
    x = feature()
    with Launches() as found:
        with found.part("D"):
            x + 1
            with found.part("D optimizer"):
                x + 1
        with found.part("G/4"):
            (x + 1).add_(1)
    step = launches.Counted()
    step.add("D", 1, found)
    step.add("G/4", 4, found)
    assert [(name, every, t.kernels) for name, (every, t) in step.parts.items()] == [
        ("D", 1, 1),
        ("optimizer", 1, 1),
        ("G/4", 4, 2),
    ]
    assert step.mean.kernels == 1 + 1 + 2 / 4


def test_what_is_chosen_for_cuda_is_less_of_both() -> None:
    """A small StyleGAN2: with its epilogues as for the CPU, a step launches and moves more."""
    small = launches.Case(
        "stylegan2",
        {
            "resolution": 16,
            "channel_base": 128,
            "z_dim": 8,
            "w_dim": 8,
            "mapping_layers": 1,
            "training.batch": 4,
        },
    )
    mine = launches.ours(small)
    assert set(mine.parts) == {"D", "D/16", "G", "G/4", "optimizer", "rest"}
    table = dict(launches.choices(small))
    assert [*table] == [*DEVICES["cuda"].__dataclass_fields__]
    plain = table["fuses_epilogues"]
    assert plain.kernels > 1.2 * mine.mean.kernels and plain.bytes > 1.2 * mine.mean.bytes

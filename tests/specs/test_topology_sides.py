"""Topologies over one, two and three sides: where an axis is 1 the forms agree, with their derivatives."""

from __future__ import annotations

from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from gandsl_runtime.network import Network
from tests.specs.compare import shake
from tests.specs.probe import probe, spec
from tests.specs.test_std_topologies import TOPOLOGIES

KINDS = {1: "Signal", 2: "Image", 3: "Volume"}

BLOCKS = """
blocks:
  rise:
    ports: {x: Feature}
    params: {first: {type: bool, default: false}}
    body:
      up: {op: upsample, factor: FACTOR, unless: first}
      conv: {op: conv, channels: 4, kernel: KERNEL}
      act: {op: tanh}
  fall:
    ports: {x: Feature}
    body: {conv: {op: conv, channels: 4, kernel: KERNEL}, act: {op: tanh}, pool: {op: pool, factor: FACTOR}}
  up: {ports: {x: Feature}, body: {up: {op: upsample, factor: FACTOR}}}
  down: {ports: {x: Feature}, body: {down: {op: pool, factor: FACTOR}}}
  join:
    ports: {x: Feature, skip: Feature}
    body:
      up: {op: upsample, factor: FACTOR}
      joined: {op: concat, terms: [up, skip]}
      conv: {op: conv, channels: 4, kernel: KERNEL}
"""


class Use(NamedTuple):
    """A topology over inputs of so many channels and so long a side."""

    inputs: dict[str, tuple[int, int]]
    body: str
    output: str = ""


USES = {
    "plain": Use({"x": (5, 2)}, 'top: {topology: plain, over: "doubling(4, 8)", stage: rise}'),
    "residual": Use(
        {"x": (5, 8)},
        'top: {topology: residual, over: "halving(8, 4)", scale: 0.5, stage: fall, shortcut: fall}',
    ),
    "skip": Use(
        {"x": (5, 4)},
        'top: {topology: skip, over: "doubling(4, 8)", stage: {use: rise, first: first}, '
        "exit: {use: conv, channels: 3, kernel: 1}, up: up}",
    ),
    "skip_down": Use(
        {"x": (3, 8)},
        'top: {topology: skip_down, over: "halving(8, 4)", stage: fall, '
        "enter: {use: conv, channels: 4, kernel: 1}, down: down}",
    ),
    "multi_scale": Use(
        {"x": (5, 4)},
        'top: {topology: multi_scale, over: "doubling(4, 8)", stage: {use: rise, first: first}, '
        "exit: {use: conv, channels: 3, kernel: 1}}",
        "images: top.images",
    ),
    "multi_scale_down": Use(
        {"small": (3, 4), "large": (3, 8)},
        'top: {topology: multi_scale_down, over: "halving(8, 4)", images: "[large, small]", stage: fall, '
        "enter: {use: conv, channels: 3, kernel: 1}}",
    ),
    "unet": Use({"x": (3, 8)}, 'top: {topology: unet, over: "halving(8, 4)", stage: fall, join: join}'),
}
GROWING = """\
gandsl: 1
name: growing
let: {sizes: "doubling(2, 8)"}
growth: {over: sizes}
BLOCKS
networks:
  rising:
    inputs: {x: "KIND[5, ONES2]", alpha: {type: Scalar, when: fading}}
    body:
      top:
        topology: grow
        alpha: alpha
        over: sizes
        stage: {use: rise, first: first}
        exit: {use: conv, channels: 3, kernel: 1}
        up: up
  falling:
    inputs: {x: "KIND[3, ONES2 ** (level + 1)]", alpha: {type: Scalar, when: fading}}
    body:
      top:
        topology: grow_down
        x: x
        alpha: alpha
        over: reverse(sizes[1:])
        enter: {use: conv, channels: 4, kernel: 1}
        stage: fall
        down: down
game:
  body: {x: {draw: falling.x}, y: {network: falling, x: x}}
  players: {one: {trains: [falling], terms: {y: mean(y ** 2)}}}
training: {length: 1 kimg, batch: 4, optimizer: {lr: 1e-3}, growth: {stable: 8 img, fade: 8 img}}
"""


def over(sides: int, text: str) -> str:
    """The text where all sides but the last are 1."""
    for name, last in (("FACTOR", "2"), ("KERNEL", "3")):
        numbers = ", ".join(["1"] * (sides - 1) + [last])
        text = text.replace(name, f"[{numbers}]")
    return text.replace("KIND", KINDS[sides]).replace("ONES", "1, " * (sides - 1))


def told(network: Network, given: list[Tensor], sides: int, how: tuple[int, bool] | None) -> list[Tensor]:
    """What a network gives, and the gradients of all of it by inputs and weights, without the sides of 1."""
    given = [x.reshape(*x.shape[:2], *[1] * (sides - 1), x.shape[-1]).requires_grad_() for x in given]
    run = network if how is None else network.program("forward", *how)
    found = run(*given, *([torch.tensor(0.3, dtype=torch.float64)] if how and how[1] else []))
    outputs = found if isinstance(found, tuple) else (found,)
    used = [x for x in (*given, *network.parameters())]
    slopes = torch.autograd.grad(sum(y.square().sum() for y in outputs), used, materialize_grads=True)
    squeezed = [y.reshape(*y.shape[:2], y.shape[-1]) for y in outputs]
    return [*squeezed, *(slope.flatten() for slope in slopes)]


def agree(
    one: Network, other: Network, given: list[Tensor], sides: int, how: tuple[int, bool] | None
) -> None:
    shapes = {key: value.shape for key, value in other.state_dict().items()}
    other.load_state_dict({key: value.reshape(shapes[key]) for key, value in one.state_dict().items()})
    for mine, theirs in zip(told(one, given, 1, how), told(other, given, sides, how), strict=True):
        torch.testing.assert_close(theirs, mine, rtol=0, atol=1e-12)


def drawn(*shapes: tuple[int, int]) -> list[Tensor]:
    draw = torch.Generator().manual_seed(3)
    return [torch.randn(2, *shape, generator=draw, dtype=torch.float64) for shape in shapes]


@pytest.mark.parametrize("name", USES)
def test_forms_agree_where_an_axis_is_1(name: str) -> None:
    use = USES[name]
    made = []
    for sides in (1, 2, 3):
        inputs = {
            key: over(sides, f"KIND[{channels}, ONES{side}]") for key, (channels, side) in use.inputs.items()
        }
        made.append(probe(inputs, use.body, over(sides, BLOCKS), use.output).double())
    shake(made[0])
    for sides in (2, 3):
        agree(made[0], made[sides - 1], drawn(*use.inputs.values()), sides, None)


@pytest.mark.parametrize("how", [(0, False), (1, True), (2, True), (2, False)])
def test_growing_forms_agree_where_an_axis_is_1(how: tuple[int, bool]) -> None:
    made = [spec(over(sides, GROWING.replace("BLOCKS", BLOCKS))) for sides in (1, 2, 3)]
    for name, shape in (("rising", (5, 2)), ("falling", (3, 2 << how[0]))):
        one, *others = (program.network(name).double() for program in made)
        shake(one)
        for sides, other in enumerate(others, 2):
            agree(one, other, drawn(shape), sides, how)


def test_all_topologies_are_looked_at() -> None:
    assert {*USES, "grow", "grow_down"} == TOPOLOGIES

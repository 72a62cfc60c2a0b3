"""Features of one, two and three sides: one op is the same in all of them where the further sides are 1."""

from __future__ import annotations

import math
from functools import reduce
from typing import Any

import pytest
import torch
from torch import Tensor

from gandsl.ir.op import ShapeError
from gandsl.ir.ops import GAME_OPS, OPS
from gandsl.ir.types import is_a
from gandsl.lowering.network import LoweredNetwork
from gandsl.spec.values import Size
from gandsl_runtime import layers, ops
from tests.graphs import Builder
from tests.op_uses import ID, Use, uses_of

NOTHING = {"padding": 0, "output_padding": 0}  # what a side of 1 is given, where it is not 1
# what depends on the number of sides: tried below, and beside the ops
APART = (
    "fir",
    "pixel_shuffle",
    "pixel_unshuffle",
    "grid_sample",
    "haar",
    "sinusoids",
    "rotary",
    "random_shift",
)
ROWS = {name: op for name, op in (OPS | GAME_OPS).items() if not op.needs and name not in APART}
OF_ONE = [use for op in ROWS.values() for use in uses_of(op, 1)]


@pytest.mark.parametrize("sides", (2, 3))
@pytest.mark.parametrize("use", OF_ONE, ids=str)
def test_a_length_is_a_plane_and_a_volume_one_pixel_high(use: Use, sides: int) -> None:
    further = (1,) * (sides - 1)
    built = Builder()
    for node in use.graph.inputs:
        shape = (node.type.shape[0], *further, *node.type.sides) if node.type.sides else node.type.shape
        built.input(node.id, node.type.kind, *shape)
    built(ID, use.op.name, use.node.inputs, **_enlarged(use, further))
    high = LoweredNetwork(built.ir(ID)).double().train()
    flat, inputs = use.network(), use.inputs(2)
    held = {key: value.reshape(high.state_dict()[key].shape) for key, value in flat.state_dict().items()}
    high.load_state_dict(held)
    torch.manual_seed(1)
    wanted = flat(*inputs)
    torch.manual_seed(1)
    spatial = [is_a(node.type.kind, "Feature") for node in use.graph.inputs]
    made = high(
        *(x.unflatten(2, (*further, -1)) if is_ else x for x, is_ in zip(inputs, spatial, strict=True))
    )
    if use.op.name == "coordinates":  # a channel for each side, the last first
        made = made[:, :1]
    assert torch.allclose(made.reshape(wanted.shape), wanted, atol=1e-12)


def _enlarged(use: Use, further: tuple[int, ...]) -> dict[str, Any]:
    """The parameters of a use, where further sides come first."""
    found = dict(use.node.attrs)
    for param in use.op.params:
        value = found[param.name]
        if param.type == "size":
            found[param.name] = Size(*further, *value.sides)
        elif param.type == "sides" and value is not None:
            found[param.name] = (*(NOTHING.get(param.name, 1) for _ in further), value)
        elif param.name == "pad" and any(value):
            found[param.name] = (*value, *(0, 0) * len(further))
    return found


# ---- ops that do to every side what they do to one


@pytest.mark.parametrize("sides", (2, 3))
@pytest.mark.parametrize(
    "how",
    (
        {"pad": (2, 1)},
        {"up": 2, "pad": (2, 1)},
        {"down": 2, "pad": (1, 1)},
        {"up": 2, "down": 3, "pad": (3, -1)},
        {"taps": (1.0, 2.0, 4.0, 2.0, 1.0, 3.0, 1.0, 1.0), "pad": (3, 4)},
    ),
    ids=str,
)
def test_a_filter_is_one_for_each_side_in_turn(sides: int, how: dict[str, Any]) -> None:
    x = torch.randn(2, 3, *(6, 5, 7)[:sides], dtype=torch.float64)
    low, high = how["pad"]
    layer = {2: layers.Fir, 3: layers.Fir3d}[sides](
        **how | {"pad": (low, high) * sides, "gain": 1.5}
    ).double()
    wanted = 1.5 * x
    line = layers.Fir1d(**how).double()
    for side in range(2, x.dim()):
        wanted = _along(line, wanted, side)
    made = layer(x, bias=torch.arange(3.0), activation="leaky_relu", slope=0.1)
    wanted = wanted + torch.arange(3.0).view(-1, *[1] * sides)
    assert torch.allclose(made, torch.where(wanted > 0, wanted, 0.1 * wanted), atol=1e-6)
    assert torch.allclose(layer(x, fused=True, bias=torch.zeros(3)), layer(x), atol=1e-6)


def _along(line: layers.Fir1d, x: Tensor, side: int) -> Tensor:
    moved = x.movedim(side, -1)
    made = line(moved.reshape(len(x), -1, moved.shape[-1]))
    return made.view(*moved.shape[:-1], -1).movedim(-1, side)


@pytest.mark.parametrize("sides", (1, 2, 3))
def test_channels_move_into_space_and_back(sides: int) -> None:
    x = torch.randn(2, 3 * 2**sides, *(2, 3, 4)[:sides])
    made = ops.pixel_shuffle(x, factor=2)
    at = tuple(range(1, 1 + sides))  # a place of odd and even numbers
    channel = 1 * 2**sides + reduce(lambda number, one: 2 * number + one % 2, at, 0)
    assert torch.equal(made[(slice(None), 1, *at)], x[(slice(None), channel, *(one // 2 for one in at))])
    assert torch.equal(ops.pixel_unshuffle(made, factor=2), x)


# ---- a convolution with its own numbers for each side is torch's


@pytest.mark.parametrize("sides", (1, 2, 3))
def test_numbers_for_each_side_go_to_torch(sides: int) -> None:
    def own(*numbers: int) -> tuple[int, ...]:
        return numbers[:sides]

    torch.manual_seed(0)
    x = torch.randn(2, 4, *own(9, 8, 7), dtype=torch.float64)
    conv = {1: layers.Conv1d, 2: layers.Conv2d, 3: layers.Conv3d}[sides]
    how = {"kernel": own(3, 2, 1), "stride": own(2, 1, 3), "padding": own(1, 2, 0), "dilation": own(2, 1, 1)}
    layer = conv(4, 6, groups=2, **how).double()
    twin = {1: torch.nn.Conv1d, 2: torch.nn.Conv2d, 3: torch.nn.Conv3d}[sides]
    theirs = twin(4, 6, how["kernel"], how["stride"], how["padding"], how["dilation"], groups=2).double()
    theirs.load_state_dict(layer.state_dict())
    assert torch.equal(layer(x), theirs(x))
    back = {1: layers.ConvTranspose1d, 2: layers.ConvTranspose2d, 3: layers.ConvTranspose3d}[sides]
    how = {
        "kernel": own(3, 4, 2),
        "stride": own(2, 3, 2),
        "padding": own(1, 0, 1),
        "output_padding": own(1, 2, 0),
    }
    up = back(4, 6, groups=2, **how).double()
    twins = {1: torch.nn.ConvTranspose1d, 2: torch.nn.ConvTranspose2d, 3: torch.nn.ConvTranspose3d}
    theirs = twins[sides](4, 6, *how.values(), groups=2).double()
    theirs.load_state_dict(up.state_dict())
    assert torch.equal(up(x), theirs(x))


@pytest.mark.parametrize("mode", ("reflect", "replicate"))
def test_a_border_is_put_on_the_sides_that_have_one(mode: str) -> None:
    layer = layers.Conv3d(2, 2, kernel=(1, 3, 5), padding=(0, 1, 2), padding_mode=mode)
    twin = torch.nn.Conv3d(2, 2, (1, 3, 5), padding=(0, 1, 2), padding_mode=mode)
    twin.load_state_dict(layer.state_dict())
    x = torch.randn(1, 2, 4, 5, 6)
    assert torch.equal(layer(x), twin(x))


# ---- what is of two sides says so


@pytest.mark.parametrize(
    ("op", "params", "code", "said"),
    (
        ("modulated_conv", {"channels": 3}, "G0223", "`modulated_conv` knows features of 2 sides"),
        ("lowpass", OPS["lowpass"].example, "G0223", "`lowpass` knows features of 2 sides"),
        ("upsample", {"mode": "bicubic"}, "G0225", "bicubic interpolation is of two sides"),
        ("resize", {"size": 4, "mode": "bilinear"}, "G0225", "bilinear interpolation is of two sides"),
        (
            "conv",
            {"channels": 3, "kernel": (3, 3)},
            "G0224",
            "`kernel` has 2 numbers, and the feature 1 side",
        ),
        ("pad", {"pad": (1, 1, 1, 1)}, "G0208", "pad takes 2 numbers (left, right), not 4"),
        ("pool", {"factor": (2, 2)}, "G0224", "`factor` has 2 numbers, and the feature 1 side"),
    ),
)
def test_what_is_of_two_sides_says_so(op: str, params: dict[str, Any], code: str, said: str) -> None:
    built = Builder()
    inputs = {"x": built.input("x", "Signal", 4, 16)}
    if op == "modulated_conv":
        inputs["style"] = built.input("style", "Vector", 4)
    with pytest.raises(ShapeError) as raised:
        built("node", op, inputs, **params)
    assert raised.value.code == code
    assert said in raised.value.message


def test_what_is_of_one_side_says_so() -> None:
    built = Builder()
    with pytest.raises(ShapeError, match=r"`stft` knows features of 1 side, and this is Feature\[2, 4, 4\]"):
        built("node", "stft", {"x": built.input("x", "Feature", 2, 4, 4)})


@pytest.mark.parametrize("sides", (1, 3))
def test_a_smaller_convolution_takes_over_a_change_of_size(sides: int) -> None:
    conv = {1: layers.Conv1d, 3: layers.Conv3d}[sides](3, 2).double()
    x = torch.randn(2, 3, *(4, 5, 6)[:sides], dtype=torch.float64)
    assert torch.allclose(conv(x, enlarge=2), conv(ops.upsample(x)), atol=1e-12)
    x = torch.randn(2, 3, *(4, 6, 8)[:sides], dtype=torch.float64)
    assert torch.allclose(conv(x, shrink=2), ops.pool(conv(x)), atol=1e-12)
    assert math.prod(conv.weight.shape[2:]) == 3**sides

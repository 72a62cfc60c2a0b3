"""The standard library's topologies against the same loops written by hand, in float64, with derivatives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from gandsl_runtime.network import Network
from gandsl_runtime.runs.record import MachineOptions
from tests.runtime import nets
from tests.specs.compare import derivatives, errors, shake
from tests.specs.images import random_images
from tests.specs.parts import down2, up2, upfirdn
from tests.specs.probe import probe, spec

BATCH = 4
State = Mapping[str, Tensor]

BLOCKS = """
blocks:
  rise:
    ports: {x: Feature}
    params: {channels: int, first: {type: bool, default: false}}
    body: {up: {op: upsample, unless: first}, conv: {op: conv, channels: channels}, act: {op: tanh}}
  fall:
    ports: {x: Feature}
    params: {channels: int}
    body: {conv: {op: conv, channels: channels}, act: {op: tanh}, pool: {op: pool}}
  join:
    ports: {x: Feature, skip: Feature}
    body:
      up: {op: upsample}
      joined: {op: concat, terms: [up, skip]}
      conv: {op: conv, channels: skip.channels}
      act: {op: tanh}
"""


def conv(w: State, name: str, x: Tensor) -> Tensor:
    weight = w[f"{name}.weight"]
    return F.conv2d(x, weight, w[f"{name}.bias"], padding=weight.shape[-1] // 2)


def rise(w: State, name: str, x: Tensor, first: bool = False) -> Tensor:
    return torch.tanh(conv(w, f"{name}.conv", x if first else up2(x)))


def fall(w: State, name: str, x: Tensor) -> Tensor:
    return down2(torch.tanh(conv(w, f"{name}.conv", x)))


class Case(NamedTuple):
    """A topology used, and the same by hand: reference(state by key, *inputs)."""

    inputs: dict[str, str]
    body: str
    reference: Callable[..., Tensor | tuple[Tensor, ...]]
    output: str = ""


def plain(w: State, x: Tensor) -> Tensor:
    for res in (8, 16):
        x = rise(w, f"top.s{res}", x)
    return conv(w, "top.s16.rgb", x)


def residual(w: State, x: Tensor) -> Tensor:
    for res in (8, 4):
        x = 0.5 * (fall(w, f"top.s{res}", x) + conv(w, f"top.s{res}.short.conv", down2(x)))
    return x


def residual_bare(w: State, x: Tensor) -> Tensor:
    x = torch.tanh(conv(w, "top.s8.conv", x))
    x = 2 * (x + torch.tanh(conv(w, "top.s4.conv", x)))
    return conv(w, "top.s4.rgb", x)


def skip(w: State, x: Tensor) -> tuple[Tensor, Tensor]:
    image = None
    for res in (4, 8, 16):
        x = rise(w, f"top.s{res}", x, first=res == 4)
        rgb = conv(w, f"top.s{res}.rgb", x)
        image = rgb if image is None else rgb + upfirdn(image, [1, 3, 3, 1], up=2, pad=(2, 1, 2, 1), gain=4)
    return image, x


def skip_down(w: State, image: Tensor) -> Tensor:
    x = fall(w, "top.s16", conv(w, "top.s16.rgb", image))
    image = down2(image)
    x = fall(w, "top.s8", x + conv(w, "top.s8.rgb", image))
    return x + conv(w, "top.rgb", down2(image))


def multi_scale(w: State, x: Tensor) -> tuple[Tensor, ...]:
    images = []
    for res in (4, 8, 16):
        x = rise(w, f"top.s{res}", x, first=res == 4)
        images.append(conv(w, f"top.s{res}.rgb", x))
    return tuple(images)


def multi_scale_down(w: State, small: Tensor, large: Tensor) -> Tensor:
    x = fall(w, "top.s8", conv(w, "top.s8.rgb", large))
    return fall(w, "top.s4", torch.cat([conv(w, "top.s4.rgb", small), x], 1))


def unet(w: State, x: Tensor) -> tuple[Tensor, Tensor]:
    middle = fall(w, "top.down16", x)
    bottom = fall(w, "top.down8", middle)
    y = torch.tanh(conv(w, "top.up8.conv", torch.cat([up2(bottom), middle], 1)))
    return torch.tanh(conv(w, "top.up16.conv", torch.cat([up2(y), x], 1))), bottom


SMALL, LARGE = {"x": "Feature[5, 4, 4]"}, {"x": "Image[3, 16, 16]"}

CASES = {
    "plain": Case(
        SMALL,
        'top: {topology: plain, over: "doubling(8, 16)", '
        'stage: {use: rise, channels: "6 if first else index + 6"}, '
        "exit: {use: conv, channels: 3 + index}}",
        plain,
    ),
    "residual": Case(
        {"x": "Feature[5, 16, 16]"},
        'top: {topology: residual, over: "halving(8, 4)", scale: 0.5, stage: {use: fall, channels: res.h}, '
        "shortcut: {use: residual_short, channels: res.w}}",
        residual,
    ),
    "residual with a bare first stage": Case(
        SMALL,
        'top: {topology: residual, over: "halving(8, 4)", scale: 2, bare_first: true, '
        "stage: {use: rise, channels: 6, first: true}, exit: {use: conv, channels: 3}}",
        residual_bare,
    ),
    "skip": Case(
        SMALL,
        'top: {topology: skip, over: "doubling(4, 16)", '
        "stage: {use: rise, channels: 6 - index, first: first}, "
        "exit: {use: conv, channels: 3, kernel: 1}, up: fir}",
        skip,
        "image: top.image, x: top.x",
    ),
    "skip_down": Case(
        LARGE,
        'top: {topology: skip_down, over: "halving(16, 8)", stage: {use: fall, channels: 5}, '
        "enter: {use: conv, channels: 5, kernel: 1}}",
        skip_down,
    ),
    "multi_scale": Case(
        SMALL,
        'top: {topology: multi_scale, over: "doubling(4, 16)", '
        "stage: {use: rise, channels: 6 - index, first: first}, "
        "exit: {use: conv, channels: 3, kernel: 1}}",
        multi_scale,
        "images: top.images",
    ),
    "multi_scale_down": Case(
        {"small": "Image[3, 4, 4]", "large": "Image[3, 8, 8]"},
        'top: {topology: multi_scale_down, over: "halving(8, 4)", images: "[large, small]", '
        "stage: {use: fall, channels: 5 + index}, enter: {use: conv, channels: 3 + index, kernel: 1}}",
        multi_scale_down,
    ),
    "unet": Case(
        LARGE,
        'top: {topology: unet, over: "halving(16, 8)", stage: {use: fall, channels: 5 + index}, join: join}',
        unet,
        "x: top.x, bottom: top.bottom",
    ),
}  # fmt: skip

TOPOLOGIES = {name.split()[0] for name in CASES} | {"grow", "grow_down"}
"""What is tested here; `grow` and `grow_down` below."""

SHORT = """
  residual_short:
    ports: {x: Feature}
    params: {channels: int}
    body: {pool: {op: pool}, conv: {op: conv, channels: channels}}
"""


def example(network: Network) -> list[Tensor]:
    draw = torch.Generator().manual_seed(3)
    return [torch.randn(BATCH, *port.shape, generator=draw, dtype=torch.float64) for port in network.inputs]


def assert_agree(program: Callable, reference: Callable, network: Network, inputs: list[Tensor]) -> None:
    shape = derivatives(program, network, inputs)
    other = derivatives(lambda *xs: reference(dict(network.named_parameters()), *xs), network, inputs)
    assert shape.keys() == other.keys()
    assert not {what: size for what, size in errors(shape, other, {}).items() if not size < 1e-9}


@pytest.mark.parametrize("name", CASES)
def test_topology_is_its_loop(name: str) -> None:
    case = CASES[name]
    network = probe(case.inputs, case.body, BLOCKS + SHORT, case.output).double()
    shake(network)
    assert_agree(network, case.reference, network, example(network))


# --- growth ---------------------------------------------------------------------------------------

TRAINING = """
training:
  length: 1 kimg
  batch: 4
  loss: logistic
  optimizer: {kind: adam, lr: 0.01, betas: [0.0, 0.99]}
"""

GROWING = f"""
gandsl: 1
name: growing
let: {{sizes: "doubling(4, 16)"}}
growth: {{over: sizes}}
{BLOCKS}
generator:
  inputs: {{z: "Latent[5]", alpha: {{type: Scalar, when: fading}}}}
  body:
    dense: {{op: linear, x: z, features: 96}}
    start: {{op: reshape, channels: 6, size: 4}}
    top:
      topology: grow
      alpha: alpha
      over: sizes
      stage: {{use: rise, channels: 6, first: first}}
      exit: {{use: conv, channels: 3, kernel: 1}}
  outputs: {{image: top}}
discriminator:
  inputs: {{image: "Image[3, level_size]", alpha: {{type: Scalar, when: fading}}}}
  body:
    top:
      topology: grow_down
      x: image
      alpha: alpha
      over: reverse(sizes[1:])
      enter: {{use: conv, channels: 6, kernel: 1}}
      stage: {{use: fall, channels: 6}}
    flat: {{op: flatten}}
    logit: {{op: linear, features: 1}}
{TRAINING}
  growth: {{stable: 8 img, fade: 8 img}}
"""

SIZES = (4, 8, 16)
PROGRAMS = [(0, False), (1, True), (1, False), (2, True), (2, False)]


def dense(w: State, name: str, x: Tensor) -> Tensor:
    return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]


def grow(w: State, level: int, z: Tensor, alpha: Tensor | None) -> Tensor:
    """PGGAN, figure 2: while a level fades in, its image is blended with the enlarged one before."""
    images = []
    x = dense(w, "dense", z).view(-1, 6, 4, 4)
    for res in SIZES[: level + 1]:
        x = rise(w, f"top.s{res}", x, first=res == 4)
        images.append(conv(w, f"top.s{res}.rgb", x))
    return images[-1] if alpha is None else (1 - alpha) * up2(images[-2]) + alpha * images[-1]


def grow_down(w: State, level: int, image: Tensor, alpha: Tensor | None) -> Tensor:
    """PGGAN, figure 2: while a level fades in, it is blended with the shrunk image as the next reads it."""
    reader = {16: "top.s16.rgb", 8: "top.s8.rgb", 4: "top.rgb"}
    top = SIZES[level]
    x = conv(w, reader[top], image)
    for res in reversed(SIZES[1 : level + 1]):
        x = fall(w, f"top.s{res}", x)
        if alpha is not None and res == top:
            x = (1 - alpha) * conv(w, reader[top // 2], down2(image)) + alpha * x
    return dense(w, "logit", x.flatten(1))


@pytest.mark.parametrize(("level", "fading"), PROGRAMS)
def test_growth(level: int, fading: bool) -> None:
    program = spec(GROWING)
    draw = torch.Generator().manual_seed(3)
    alpha = torch.tensor(0.3, dtype=torch.float64) if fading else None
    size = SIZES[level]
    for network, reference, shape in (
        (program.generator, grow, (5,)),
        (program.discriminator, grow_down, (3, size, size)),
    ):
        network.double()
        shake(network)
        x = torch.randn(BATCH, *shape, generator=draw, dtype=torch.float64)
        run = network.program("forward", level, fading)
        assert_agree(
            lambda x, run=run: run(x, alpha) if fading else run(x),
            lambda w, x, reference=reference: reference(w, level, x, alpha),
            network,
            [x],
        )


def test_a_family_shares_its_weights() -> None:
    program = spec(GROWING)
    stages = {f"top.s{res}.{name}" for res in SIZES for name in ("conv", "rgb")}
    expected = {f"{node}.{kind}" for node in stages | {"dense"} for kind in ("weight", "bias")}
    assert set(program.generator.state_dict()) == expected
    assert program.generator.levels == program.discriminator.levels == ((4, 4), (8, 8), (16, 16))


MULTI_SCALE = f"""
gandsl: 1
name: multi_scale
let: {{sizes: "doubling(4, 16)"}}
{BLOCKS}
generator:
  inputs: {{z: "Latent[5]"}}
  body:
    dense: {{op: linear, x: z, features: 96}}
    start: {{op: reshape, channels: 6, size: 4}}
    top:
      topology: multi_scale
      over: sizes
      stage: {{use: rise, channels: 6, first: first}}
      exit: {{use: conv, channels: 3, kernel: 1}}
  outputs: {{images: top.images}}
discriminator:
  inputs: {{image: {{type: "Image[3, res]", each: {{res: sizes}}}}}}
  body:
    top:
      topology: multi_scale_down
      over: reverse(sizes)
      images: reverse(image)
      enter: {{use: conv, channels: 6, kernel: 1}}
      stage: {{use: fall, channels: 6}}
    flat: {{op: flatten}}
    logit: {{op: linear, features: 1}}
{TRAINING}
"""


@pytest.mark.parametrize(("text", "steps"), [(GROWING, 8), (MULTI_SCALE, 2)], ids=["growing", "multi_scale"])
def test_trains(text: str, steps: int) -> None:
    """Growing: 8 steps of 4 images lead through every level and both fades."""
    program = spec(text)
    networks = {"generator": program.generator, "discriminator": program.discriminator}
    before = {
        name: {k: p.detach().clone() for k, p in net.named_parameters()} for name, net in networks.items()
    }
    trainer = nets.trainer_of(
        program.plan,
        program.game,
        data=random_images((3, 16, 16)),
        machine=MachineOptions(device="cpu"),
        observing=(),
    )
    for _ in range(steps):
        trainer.step()
    trainer.measured()
    still = [
        f"{name} {k}"
        for name, net in networks.items()
        for k, p in net.named_parameters()
        if p.dim() > 1 and torch.equal(p, before[name][k])
    ]
    assert not still

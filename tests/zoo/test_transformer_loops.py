"""Transformers of the zoo: their published sizes, and two steps against loops written by hand, in float64."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from gandsl.analysis.cost import module_cost
from gandsl_runtime.augment import Augment
from gandsl_runtime.plan import Augment as Pipe
from gandsl_runtime.rng import Draws
from tests.games.loop import Loop, called, descend, slope, squares
from tests.specs.whole import module
from tests.zoo.reduced import REDUCED, path_of

STEPS = 2
State = Mapping[str, Tensor]


def test_transgan_has_the_published_size() -> None:
    """`exps/cifar_train.py` of VITA-Group/TransGAN: ViT_custom_rp and ViT_custom_scale2_rp_noise."""
    networks = module_cost(module("zoo/transgan")).networks
    assert networks["generator"].total.parameters == 83_312_495
    assert networks["discriminator"].total.parameters == 10_210_400


def test_transgan() -> None:
    """WGAN-GP with its drift, on augmented images; gradients of a bounded norm (2102.07074, section 4)."""
    changes = {"training.discriminator_steps": 2, "training.optimizer.clip": 0.5}
    loop = Loop(path_of("transgan"), {**REDUCED["transgan"], **changes}, (3, 16, 16))
    g, d = loop["generator"], loop["discriminator"]
    of_g, of_d = (loop.adam(name, 1e-4, (0.0, 0.99)) for name in ("generator", "discriminator"))
    pipe = Augment(Pipe(pipe="diffaugment", p=1.0), (-1.0, 1.0))

    def seen(images: Tensor, draws: Draws, name: str) -> Tensor:
        return pipe.view(1.0, draws)((images,), name)[0]

    for optimizer in (of_g, of_d):
        optimizer.register_step_pre_hook(bounded(0.5))

    for _ in loop.steps(STEPS):
        for repeat in range(2):
            x, _ = loop.real(4)
            draws = loop.draws("discriminator", 4, repeat)
            with torch.no_grad():
                fake = called(g, draws, "fake", draws.normal("z", 5))
            real = called(d, draws, "real", seen(x, draws, "seen"))
            said = called(d, draws, "said", seen(fake, draws, "shown"))
            t = draws.uniform("mix")[:, None, None, None]
            between = (x + t * (fake - x)).requires_grad_()
            middle = called(d, draws, "middle", seen(between, draws, "middle_seen"))
            lengths = squares(slope(middle, between)[0]).sqrt()
            penalty = 10 * (lengths - 1).square().mean() + 0.001 * real.square().mean()
            descend(of_d, said.mean() - real.mean() + penalty)
        draws = loop.draws("generator", 4)
        fake = called(g, draws, "fake", draws.normal("z", 5))
        descend(of_g, -called(d, draws, "said", seen(fake, draws, "shown")).mean())
        loop.average("generator", 0.9999)
    loop.compare()


def test_gat() -> None:
    """Pairs of real and generated latents at four levels, each under its noise; R1 and R2 by differences."""
    rng = torch.Generator().manual_seed(2)
    fields = {
        "moments": torch.rand(20, 8, 4, 4, generator=rng, dtype=torch.float64) * 4,
        "y": torch.randint(0, 3, (20,), generator=rng),
    }
    loop = Loop(path_of("gat"), REDUCED["gat"], fields=fields)
    g, d = loop["generator"], loop["discriminator"]
    z, y = torch.randn(3, 3, generator=rng, dtype=torch.float64), torch.tensor([0, 2, 1])
    images = latents_drawn(g.state_dict(), z, y)
    for one, other in zip(g(z, y), images, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)
    logit = latents_judged(d.state_dict(), images, y)
    torch.testing.assert_close(d(*images, y), logit, rtol=1e-9, atol=1e-9)

    of_g, of_d = (loop.adam(name, 2e-4 * 768 / 8, (0.0, 0.99)) for name in ("generator", "discriminator"))
    for optimizer in (of_g, of_d):
        optimizer.register_step_pre_hook(bounded(1.0))
    pipe = Augment(Pipe(pipe={"diff_translation": 1, "diff_cutout": 1, "xflip": 0.4}, p=1.0), (-1.0, 1.0))

    def seen(phase: str) -> tuple[list[Tensor], ...]:
        """Levels of real latents, of moved ones, of generated ones, of moved ones; and their classes."""
        item, draws = loop.items(4), loop.draws(phase, 4)
        drawn, jolt = draws.normal("drawn", 4, 4, 4), draws.normal("jolt", 4, 4, 4)
        real = 0.18215 * (item["moments"][:, :4] + item["moments"][:, 4:] * drawn)
        fakes = g(draws.normal("z", 3), item["y"])
        moved = [one + 0.01 * draws.normal(f"level{i}.jolt", 4, 4, 4) for i, one in enumerate(fakes)]
        view = pipe.view(1.0, draws)
        real, real_moved = view((real, real + 0.01 * jolt), "of_real")
        made = view((*fakes, *moved), "of_fake")
        noise = {
            name: under_noise([draws.normal(f"level{i}.{name}", 4, 4, 4) for i in range(4)])
            for name in ("real", "fake")
        }
        levels = [
            [(1 - t) * image + n for t, image, n in zip(SHARES, images, noise[name], strict=True)]
            for name, images in (
                ("real", [real] * 4),
                ("real", [real_moved] * 4),
                ("fake", made[:4]),
                ("fake", made[4:]),
            )
        ]
        return *levels, [item["y"]]

    for _ in loop.steps(STEPS):
        with torch.no_grad():
            *levels, (y,) = seen("discriminator")
        real, real_moved, fake, fake_moved = (d(*one, y) for one in levels)
        slopes = ((real_moved - real) / 0.01).square().mean() + ((fake_moved - fake) / 0.01).square().mean()
        descend(of_d, F.softplus(fake - real).mean() + 0.1 / 2 * slopes)
        real, _, fake, _, (y,) = seen("generator")
        descend(of_g, F.softplus(d(*real, y) - d(*fake, y)).mean())
        loop.average("generator", 0.999)
    loop.compare()


SHARES = [0.885, 0.76, 0.51, 0.01]  # of noise, from the first level to the last


def under_noise(fresh: list[Tensor]) -> list[Tensor]:
    """Noise of these shares: a level has the next one's, kept as its image is, and new noise."""
    found, sum_, before = [], torch.zeros(()), 0.0
    for i, own in enumerate(fresh):
        share = 1.01 - 0.125 ** (i / 3)
        assert abs(share - SHARES[3 - i]) < 1e-12
        keep = (1 - share) / (1 - before)
        sum_, before = keep * sum_ + math.sqrt(share**2 - (keep * before) ** 2) * own, share
        found.append(sum_)
    return found[::-1]


def latents_drawn(w: State, z: Tensor, y: Tensor) -> list[Tensor]:
    """Four layers of RMS norm, attention and gated linear units; each adds to the latents."""
    x = torch.cat((unit(w["kind.weight"][y]), unit(z)), 1)
    x = 0.01 * dense(w, "style", F.silu(0.01 * dense(w, "dense", x)))
    style, x, images = F.silu(x), waves(4, 8).expand(len(z), -1, -1), list[Tensor]()
    for name in ("level0", "level1", "level2", "level3"):
        by = dense(w, f"{name}.layer0.scales", style)[:, None].chunk(4, 2)
        x = x + by[1] * attended(w, f"{name}.layer0.attention", unit(x, 1e-6) * (1 + by[0]), 0)
        x = x + by[3] * gated(w, f"{name}.layer0.mlp", unit(x, 1e-6) * (1 + by[2]))
        more = dense(w, f"{name}.patches", unit(x, 1e-6) * (1 + dense(w, f"{name}.by", style)[:, None]))
        more = F.pixel_shuffle(more.transpose(1, 2).unflatten(2, (2, 2)), 2)
        images.append(images[-1] + more if images else more)
    return images


def latents_judged(w: State, images: list[Tensor], y: Tensor) -> Tensor:
    """All levels' patches and a token of its own, whose product with the class is the logit."""
    x = F.conv2d(torch.cat(images, 1), w["patches.weight"], w["patches.bias"], stride=2)
    x = x.flatten(2).transpose(1, 2) + waves(4, 8)
    x = torch.cat((w["begun.values.weight"].T.expand(len(x), -1, -1), x), 1)
    for name in ("layer0", "layer1", "layer2", "layer3"):
        inner = unit(x, 1e-6) * w[f"{name}.norm0.gain.weight"]
        x = x + w[f"{name}.gain0.weight"] * attended(w, f"{name}.attention", inner, 1)
        inner = unit(x, 1e-6) * w[f"{name}.norm1.gain.weight"]
        x = x + w[f"{name}.gain1.weight"] * gated(w, f"{name}.mlp", inner)
    said = dense(w, "said", unit(x[:, 0], 1e-6) * w["norm.gain.weight"])
    kind = 0.01 * dense(w, "wanted", F.silu(0.01 * dense(w, "kind_dense", w["kind.weight"][y])))
    return (said * kind).sum(1, keepdim=True)


def dense(w: State, name: str, x: Tensor) -> Tensor:
    return F.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])


def unit(x: Tensor, eps: float = 1e-8) -> Tensor:
    return x / (x.square().mean(-1, keepdim=True) + eps).sqrt()


def gated(w: State, name: str, x: Tensor) -> Tensor:
    return dense(w, f"{name}.down", F.silu(dense(w, f"{name}.gate", x)) * dense(w, f"{name}.up", x))


def waves(places: int, channels: int) -> Tensor:
    """Of a square's pixels: sines, then cosines of the row, then of the column."""
    rates = 10000.0 ** (-torch.arange(channels // 4).double() / (channels // 4))
    at = torch.arange(places).double()
    rows, columns = at // math.isqrt(places), at % math.isqrt(places)
    angles = [place[:, None] * rates for place in (rows, columns)]
    return torch.cat([part for angle in angles for part in (angle.sin(), angle.cos())], 1)


def attended(w: State, name: str, x: Tensor, first: int) -> Tensor:
    """Two heads, each with pairs of numbers that are turned by the row, and pairs by the column."""

    def heads(part: str) -> Tensor:
        return dense(w, f"{name}.{part}", x).unflatten(2, (2, -1))

    def turned(part: str, gain: str) -> Tensor:
        found = (unit(heads(part), 1.1920929e-7).flatten(2) * w[f"{name}.{gain}.weight"]).unflatten(
            2, (2, -1)
        )
        still, rest = found[:, :first], found[:, first:]
        a, b = rest.unflatten(3, (2, 2, -1)).unbind(4)  # [N, tokens, heads, sides, pairs]
        at = torch.arange(rest.shape[1]).double()
        side = math.isqrt(rest.shape[1])
        places = torch.stack((at // side, at % side), 1)[:, None, :, None]
        rates = 10000.0 ** (-torch.arange(a.shape[4]).double() / a.shape[4])
        moved = torch.complex(a, b) * torch.polar(torch.ones(()).double(), places * rates)
        return torch.cat((still, torch.stack((moved.real, moved.imag), 4).flatten(3)), 1)

    q, k, v = turned("q", "queries"), turned("k", "keys"), heads("v")
    scores = torch.einsum("nihd,njhd->nhij", q, k) / math.sqrt(q.shape[3])
    return dense(w, f"{name}.o", torch.einsum("nhij,njhd->nihd", scores.softmax(3), v).flatten(2))


def bounded(most: float) -> Callable[..., None]:
    """What brings an optimizer's gradients to this norm at most, all together, before its step."""

    def bound(optimizer: torch.optim.Optimizer, *_: Any) -> None:
        clip_grad_norm_([weight for group in optimizer.param_groups for weight in group["params"]], most)

    return bound

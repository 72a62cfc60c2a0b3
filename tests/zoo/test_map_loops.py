"""Games of specs/zoo that give images of maps against loops written by hand, two steps each, in float64."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, autograd

from gandsl_runtime.network import Network
from tests.games.loop import Loop, descend
from tests.zoo.reduced import REDUCED, path_of

STEPS = 2
DRAWN = {"networks.vgg.weights": {"random": True}}


def test_spade() -> None:
    """Hinge over two scales, features of D and of VGG; D judges made and real ones in one call."""
    rng = torch.Generator().manual_seed(2)
    fields = {
        "image": torch.rand(20, 3, 32, 32, generator=rng, dtype=torch.float64),
        "map": torch.randint(0, 3, (20, 32, 32), generator=rng),
    }
    loop = Loop(path_of("spade"), REDUCED["spade"] | DRAWN, fields=fields)
    g, d, vgg = loop["generator"], loop["discriminator"], loop["vgg"]
    _spade_is_its_formula(g, fields["map"][:2])
    x, y = fields["image"][:2], fields["map"][:2]
    _patches_are_their_formula(d, torch.cat((_hot(y), x), 1), x, y)
    of_g, of_d = loop.adam("generator", 1e-4, (0.0, 0.9)), loop.adam("discriminator", 4e-4, (0.0, 0.9))

    def judged(made: Tensor, x: Tensor, y: Tensor) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        both = d(torch.cat((made, x)), torch.cat((y, y)))
        assert len(both) == 10
        fake, real = zip(*(one.chunk(2) for one in both), strict=True)
        pairs = zip(fake[2:], real[2:], strict=True)
        return list(fake[:2]), list(real[:2]), [F.l1_loss(a, b.detach()) for a, b in pairs]

    for _ in loop.steps(STEPS):
        item = loop.items(4)
        x, y = 2 * item["image"] - 1, item["map"]
        made = g(y)
        fake, _, apart = judged(made, x, y)
        seen = [F.l1_loss(a, b) for a, b in zip(vgg(made), vgg(x), strict=True)]
        perceived = seen[0] / 32 + seen[1] / 16 + seen[2] / 8 + seen[3] / 4 + seen[4]
        descend(of_g, -sum(one.mean() for one in fake) / 2 + 10 * sum(apart) / 2 + 10 * perceived)
        with torch.no_grad():
            made = g(y)
        fake, real, _ = judged(made, x, y)
        hinge = [F.relu(1 - a).mean() + F.relu(1 + b).mean() for a, b in zip(real, fake, strict=True)]
        descend(of_d, sum(hinge) / 2)
    loop.compare()


def test_pix2pixhd() -> None:
    """Least squares, summed over scales, and features of D and VGG; all move at once (1711.11585, eq. 5)."""
    rng = torch.Generator().manual_seed(2)
    fields = {
        "image": torch.rand(20, 3, 32, 32, generator=rng, dtype=torch.float64),
        "map": torch.randint(0, 3, (20, 32, 32), generator=rng),
        "edges": torch.randint(0, 2, (20, 1, 32, 32), generator=rng).double(),
    }
    loop = Loop(path_of("pix2pixhd"), REDUCED["pix2pixhd"] | DRAWN, fields=fields)
    g, d, vgg = loop["generator"], loop["discriminator"], loop["vgg"]
    x, y, edges = (fields[name][:2] for name in ("image", "map", "edges"))
    _patches_are_their_formula(d, torch.cat((_hot(y), edges, x), 1), x, y, edges)
    _translation_is_its_formula(g, y, edges)
    of_g, of_d = (loop.adam(name, 2e-4, (0.5, 0.999)) for name in ("generator", "discriminator"))
    for step in loop.steps(STEPS):
        for group in (*of_g.param_groups, *of_d.param_groups):
            group["lr"] = 2e-4 * (1 - 0.5 * step)
        item = loop.items(4)
        x, y, edges = 2 * item["image"] - 1, item["map"], item["edges"]
        made = g(y, edges)
        real, said, still = d(x, y, edges), d(made, y, edges), d(made.detach(), y, edges)
        matching = [F.l1_loss(a, b.detach()) for a, b in zip(said[2:], real[2:], strict=True)]
        seen = [F.l1_loss(a, b) for a, b in zip(vgg(made), vgg(x), strict=True)]
        perceived = seen[0] / 32 + seen[1] / 16 + seen[2] / 8 + seen[3] / 4 + seen[4]
        fooled = torch.stack([(one - 1).square().mean() for one in said[:2]]).sum()
        judged = [
            (a - 1).square().mean() + b.square().mean() for a, b in zip(real[:2], still[:2], strict=True)
        ]
        slopes = autograd.grad(fooled + 10 * (4 / 4 / 2 * sum(matching) + perceived), list(g.parameters()))
        slopes += autograd.grad(torch.stack(judged).sum() / 2, list(d.parameters()))
        for weight, slope in zip([*g.parameters(), *d.parameters()], slopes, strict=True):
            weight.grad = slope
        of_g.step(), of_d.step()
    loop.compare()


def _translation_is_its_formula(g: Network, map: Tensor, edges: Tensor) -> None:
    """Down once, a residual block, up again; borders are reflected where nothing is made smaller."""
    w = g.state_dict()

    def conv(id_: str, x: Tensor) -> Tensor:
        weight = w[f"{id_}.weight"]
        x = F.pad(x, [weight.shape[2] // 2] * 4, mode="reflect")
        return F.conv2d(x, weight, w.get(f"{id_}.bias"))

    x = F.instance_norm(conv("enter", torch.cat((_hot(map), edges), 1))).relu()
    x = F.instance_norm(F.conv2d(x, w["down0.conv.weight"], stride=2, padding=1)).relu()
    x = x + F.instance_norm(conv("block0.conv1", F.instance_norm(conv("block0.conv0", x)).relu()))
    x = F.conv_transpose2d(x, w["up0.conv.weight"], stride=2, padding=1, output_padding=1)
    image = conv("rgb", F.instance_norm(x).relu()).tanh()
    torch.testing.assert_close(g(map, edges), image, rtol=1e-9, atol=1e-9)


def _hot(map: Tensor) -> Tensor:
    return F.one_hot(map, 3).permute(0, 3, 1, 2).double()


def _convolutions(network: Network) -> tuple[Mapping[str, Tensor], Callable[..., Tensor]]:
    """A network's tensors, and its convolution of an id: in evaluation, where spectral norms do not move."""
    w = network.state_dict()

    def conv(id_: str, x: Tensor, **how: Any) -> Tensor:
        weight = w[f"{id_}.weight"]
        if f"{id_}.u0" in w:
            weight = weight / (w[f"{id_}.u0"].flatten() @ weight.flatten(1) @ w[f"{id_}.v0"].flatten())
        return F.conv2d(x, weight, w.get(f"{id_}.bias"), padding=weight.shape[2] // 2, **how)

    return w, conv


def _patches_are_their_formula(d: Network, seen: Tensor, *given: Tensor) -> None:
    """Four convolutions and a logit, at both scales; the mean of 3×3 pixels leaves out what lies outside."""
    d = copy.deepcopy(d).eval()
    _, conv = _convolutions(d)
    logits, found = [], []
    for scale in ("scale0", "scale1"):
        y = F.leaky_relu(conv(f"{scale}.enter", seen, stride=2), 0.2)
        found.append(y)
        for at, stride in ((1, 2), (2, 2), (3, 1)):
            y = F.leaky_relu(F.instance_norm(conv(f"{scale}.layer{at}.conv", y, stride=stride)), 0.2)
            found.append(y)
        logits.append(conv(f"{scale}.logit", y))
        seen = F.avg_pool2d(seen, 3, 2, 1, count_include_pad=False)
    for one, other in zip(d(*given), logits + found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


def _spade_is_its_formula(g: Network, map: Tensor) -> None:
    """γ(map)·(x − μ)/σ + β(map), γ about 1 (equation 1), in the residual blocks of figure 4."""
    g = copy.deepcopy(g).eval()
    w, conv = _convolutions(g)
    hot = _hot(map)

    def norm(id_: str, x: Tensor) -> Tensor:
        hidden = F.relu(conv(f"{id_}.hidden", F.interpolate(hot, x.shape[2:])))
        plain = F.batch_norm(x, w[f"{id_}.norm.running_mean"], w[f"{id_}.norm.running_var"])
        return plain * (1 + conv(f"{id_}.gain", hidden)) + conv(f"{id_}.shift", hidden)

    def stage(id_: str, x: Tensor) -> Tensor:
        inner = conv(f"{id_}.conv0", F.leaky_relu(norm(f"{id_}.norm0", x), 0.2))
        inner = conv(f"{id_}.conv1", F.leaky_relu(norm(f"{id_}.norm1", inner), 0.2))
        short = conv(f"{id_}.short", norm(f"{id_}.short_norm", x)) if f"{id_}.short.weight" in w else x
        return short + inner

    def up(x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=2)

    x = stage("head", conv("enter", F.interpolate(hot, (1, 1))))
    x = stage("middle1", stage("middle0", up(x)))
    for name in ("s8", "s4", "s2", "s1"):
        x = stage(name, up(x))
    image = torch.tanh(conv("rgb", F.leaky_relu(x, 0.2)))
    torch.testing.assert_close(g(map), image, rtol=1e-9, atol=1e-9)

"""Games of specs/zoo that mend images against loops written by hand, two steps each, in float64."""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, autograd
from torch.optim import Adam

import gandsl
from gandsl_runtime.network import Network
from tests.games.loop import Loop, descend
from tests.zoo.reduced import REDUCED, path_of

DRAWN = {"networks.vgg.weights": {"random": True}}


def test_esrgan() -> None:
    """L1 in the first step; then σ(D(x) − E D(G)) and its converse, VGG's last convolution, L1 (eq. 1, 3)."""
    pixels = torch.rand(20, 3, 32, 32, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    fields = {"sharp": pixels, "whole": torch.zeros(20, 3, 64, 64)}
    loop = Loop(path_of("esrgan"), REDUCED["esrgan"] | DRAWN | {"begin": "1 steps"}, fields=fields)
    g, d, vgg = loop["generator"], loop["discriminator"], loop["vgg"]
    _dense_blocks_are_their_formula(g)
    _features_are_their_formula(vgg)
    before = Adam(g.parameters(), 2e-4, foreach=False)
    of_g, of_d = (loop.adam(name, 1e-4, (0.9, 0.999)) for name in ("generator", "discriminator"))
    for number in loop.steps(3):
        sharp = 2 * loop.items(4)["sharp"] - 1
        small = F.interpolate(sharp, (8, 8), mode="bicubic", antialias=False)
        made = g(small)
        if number < 1:
            descend(before, F.l1_loss(made, sharp))
            continue
        real, said = d(sharp), d(made)
        above, below = real - said.mean(), said - real.mean()
        adversarial = F.softplus(above).mean() + F.softplus(-below).mean()
        content = F.l1_loss(vgg(made), vgg(sharp))
        of_generator = content + 5e-3 * adversarial + 1e-2 * F.l1_loss(made, sharp)
        of_discriminator = F.softplus(-above).mean() + F.softplus(below).mean()
        slopes = [
            (network, autograd.grad(loss, [*network.parameters()], retain_graph=True))
            for network, loss in ((g, of_generator), (d, of_discriminator))
        ]
        for network, found in slopes:
            for weight, slope in zip(network.parameters(), found, strict=True):
                weight.grad = slope
        of_g.step(), of_d.step()
    loop.compare()


def _dense_blocks_are_their_formula(g: Network) -> None:
    """Convolutions that read all before them; 0.2 of what one block, and three blocks, give (figure 4)."""
    w = g.state_dict()

    def conv(id_: str, x: Tensor) -> Tensor:
        return F.conv2d(x, w[f"{id_}.weight"], w[f"{id_}.bias"], padding=1)

    def dense(id_: str, x: Tensor) -> Tensor:
        seen = x
        for at in range(4):
            seen = torch.cat((seen, F.leaky_relu(conv(f"{id_}.conv{at}.conv", seen), 0.2)), 1)
        return x + 0.2 * conv(f"{id_}.last", seen)

    image = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    x = first = conv("enter", image)
    for block in range(2):
        inner = x
        for at in range(3):
            inner = dense(f"block{block}.dense{at}", inner)
        x = x + 0.2 * inner
    x = first + conv("body_conv", x)
    for up in ("up0", "up1"):
        x = F.leaky_relu(conv(f"{up}.conv", F.interpolate(x, scale_factor=2)), 0.2)
    made = conv("rgb", F.leaky_relu(conv("last", x), 0.2))
    torch.testing.assert_close(g(image), made, rtol=1e-9, atol=1e-9)


def _features_are_their_formula(vgg: Network) -> None:
    """Sixteen convolutions of images less ImageNet's mean over its deviation; sides are halved four times."""
    image = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    mean, std = (
        torch.tensor(x, dtype=torch.float64).view(3, 1, 1)
        for x in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    )
    x = (image - mean) / std
    tensors = iter(vgg.state_dict().values())
    for at, weight in enumerate(tensors):
        x = F.max_pool2d(F.relu(x), 2) if at in (2, 4, 8, 12) else F.relu(x) if at else x
        x = F.conv2d(x, weight, next(tensors), padding=1)
    torch.testing.assert_close(vgg(2 * image - 1), x, rtol=1e-9, atol=1e-9)


def test_context_encoder() -> None:
    """0.999 of squared error, tenfold where the border is seen, 0.001 of D's; the hole is of one colour."""
    pixels = torch.rand(20, 3, 32, 32, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    fields = {"image": pixels, "whole": torch.zeros(20, 3, 40, 40)}
    loop = Loop(path_of("context_encoder"), REDUCED["context_encoder"], fields=fields)
    g, d = loop["generator"], loop["discriminator"]
    _middle_is_its_formula(g)
    of_g, of_d = loop.adam("generator", 2e-3, (0.5, 0.999)), loop.adam("discriminator", 2e-4, (0.5, 0.999))
    gray = torch.tensor([117.0, 104.0, 123.0]).double().view(3, 1, 1) / 127.5 - 1
    heavy = torch.full((16, 16), 10.0, dtype=torch.float64)
    heavy[2:14, 2:14] = 1
    for _ in loop.steps(2):
        image = 2 * loop.items(4)["image"] - 1
        center = image[:, :, 8:24, 8:24]
        seen = image.clone()
        seen[:, :, 10:22, 10:22] = gray
        with torch.no_grad():
            made = g(seen)
        descend(of_d, F.softplus(-d(center)).mean() + F.softplus(d(made)).mean())
        made = g(seen)
        rebuilt = (heavy * (made - center) ** 2).mean()
        descend(of_g, 0.999 * rebuilt + 0.001 * F.softplus(-d(made)).mean())
    loop.compare()


def _middle_is_its_formula(g: Network) -> None:
    """Down to one pixel and up again (figure 9a), in evaluation."""
    g = copy.deepcopy(g).eval()
    w = g.state_dict()

    def norm(id_: str, x: Tensor) -> Tensor:
        names = ("running_mean", "running_var", "weight", "bias")
        return F.batch_norm(x, *(w[f"{id_}.{name}"] for name in names))

    image = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    x = F.leaky_relu(F.conv2d(image, w["down0.conv.weight"], stride=2, padding=1), 0.2)
    for id_ in ("down1", "down2"):
        x = F.leaky_relu(norm(f"{id_}.norm", F.conv2d(x, w[f"{id_}.conv.weight"], None, 2, 1)), 0.2)
    x = F.leaky_relu(norm("code_norm", F.conv2d(x, w["code.weight"])), 0.2)
    x = F.relu(norm("up0.norm", F.conv_transpose2d(x, w["up0.conv.weight"])))
    x = F.relu(norm("up1.norm", F.conv_transpose2d(x, w["up1.conv.weight"], None, 2, 1)))
    made = torch.tanh(F.conv_transpose2d(x, w["rgb.weight"], None, 2, 1))
    torch.testing.assert_close(g(image), made, rtol=1e-9, atol=1e-9)


def test_srgan() -> None:
    """Squared error in the first step; then VGG's last feature and 0.001 of D's, with moments of its own."""
    pixels = torch.rand(20, 3, 16, 16, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    fields = {"sharp": pixels, "whole": torch.zeros(20, 3, 32, 32)}
    loop = Loop(path_of("srgan"), REDUCED["srgan"] | DRAWN | {"begin": "1 steps"}, fields=fields)
    g, d, vgg = loop["generator"], loop["discriminator"], loop["vgg"]
    before, after = (Adam(g.parameters(), 1e-4, foreach=False) for _ in range(2))
    of_d = loop.adam("discriminator", 1e-4, (0.9, 0.999))
    for number in loop.steps(3):
        sharp = 2 * loop.items(4)["sharp"] - 1
        small = F.interpolate(sharp, (4, 4), mode="bicubic", antialias=False)
        if number < 1:
            descend(before, F.mse_loss(g(small), sharp))
            continue
        with torch.no_grad():
            made = g(small)
        descend(of_d, F.softplus(-d(sharp)).mean() + F.softplus(d(made)).mean())
        made = g(small)
        content = F.mse_loss(vgg(made), vgg(sharp))
        descend(after, 0.006 * content + 1e-3 * F.softplus(-d(made)).mean())
    loop.compare()


def test_real_esrgan() -> None:
    """L1 in the first step; then L1, five of VGG's features and 0.1 of D's of each pixel (section 4.1)."""
    rng = torch.Generator().manual_seed(2)
    fields = {
        name: torch.rand(20, 3, size, size, generator=rng, dtype=torch.float64)
        for name, size in (("low", 8), ("sharp", 32))
    }
    loop = Loop(path_of("real_esrgan"), REDUCED["real_esrgan"] | DRAWN | {"begin": "1 steps"}, fields=fields)
    g, d, vgg = loop["generator"], loop["judge"], loop["vgg"]
    _pixels_are_judged_by_their_formula()
    before = Adam(g.parameters(), 2e-4, (0.9, 0.99), foreach=False)
    of_g, of_d = (loop.adam(name, 1e-4, (0.9, 0.99)) for name in ("generator", "judge"))
    for number in loop.steps(3):
        item = loop.items(4)
        low, sharp = 2 * item["low"] - 1, 2 * item["sharp"] - 1
        made = g(low)
        l1 = F.l1_loss(made, sharp)
        if number < 1:
            descend(before, l1)
            loop.average("generator", 0.999)
            continue
        real, said = d(sharp), d(made)
        far = [F.l1_loss(*pair) for pair in zip(vgg(made), vgg(sharp), strict=True)]
        content = 0.1 * (far[1] + far[3]) + far[7] + far[11] + far[15]
        of_generator = l1 + content + 0.1 * F.softplus(-said).mean()
        of_judge = F.softplus(-real).mean() + F.softplus(said).mean()
        slopes = [
            (network, autograd.grad(loss, [*network.parameters()], retain_graph=True))
            for network, loss in ((g, of_generator), (d, of_judge))
        ]
        for network, found in slopes:
            for weight, slope in zip(network.parameters(), found, strict=True):
                weight.grad = slope
        of_g.step(), of_d.step()
        loop.average("generator", 0.999)
    loop.compare()


def _pixels_are_judged_by_their_formula() -> None:
    """Three sizes down, and up again beside what they were (section 3.3 and figure 6)."""
    changes = REDUCED["real_esrgan"] | DRAWN | {"networks.judge.defaults.conv.weight": "none"}
    game = gandsl.compile(path_of("real_esrgan"), changes).to(torch.float64).game
    assert game is not None
    judge = game.networks["judge"]
    w = judge.state_dict()

    def conv(id_: str, x: Tensor, stride: int = 1) -> Tensor:
        return F.conv2d(x, w[f"{id_}.weight"], w.get(f"{id_}.bias"), stride, padding=1)

    image = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    downs = [F.leaky_relu(conv("enter", image), 0.2)]
    for at in range(3):
        downs.append(F.leaky_relu(conv(f"d{at}.conv", downs[-1], 2), 0.2))
    x = downs.pop()
    for at in range(3):
        x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        x = F.leaky_relu(conv(f"u{at}.conv", x), 0.2) + downs.pop()
    for id_ in ("last0.conv", "last1.conv"):
        x = F.leaky_relu(conv(id_, x), 0.2)
    torch.testing.assert_close(judge(image), conv("logit", x), rtol=1e-9, atol=1e-9)

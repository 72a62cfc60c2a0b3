"""Games of specs/zoo for few images against loops written by hand, two steps each, in float64."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

import gandsl
from gandsl_runtime.augment import Augment
from gandsl_runtime.network import Network
from gandsl_runtime.plan import Augment as Pipe
from gandsl_runtime.rng import Draws
from tests.games.loop import Loop, called, descend
from tests.zoo.reduced import REDUCED, path_of

IMAGES = torch.rand(20, 3, 64, 64, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


def test_fastgan() -> None:
    """Hinge by smoothed labels over two images; D's features rebuild the image and a quarter (section 3)."""
    drawn = {"networks.lpips.weights": {"random": True}}
    loop = Loop(path_of("fastgan"), REDUCED["fastgan"] | drawn, fields={"image": IMAGES})
    g, d, lpips = loop["generator"], loop["discriminator"], loop["lpips"]
    judges = ("discriminator", "from_last", "from_small", "from_part")
    moving = [loop.adam(name, 2e-4, (0.5, 0.999)) for name in judges]
    of_g = loop.adam("generator", 2e-4, (0.5, 0.999))
    pipe = Augment(Pipe(pipe=("diff_color", "diff_translation"), p=1.0), (-1.0, 1.0))

    def shown(draws: Draws) -> tuple[Tensor, Tensor]:
        small, image = called(g, draws, "fake", draws.normal("z", 6))
        moved = pipe.view(1.0, draws)
        return moved((image,), "shown")[0], moved((small,), "shown_small")[0]

    def hinge(draws: Draws, id_: str, logits: Tensor) -> Tensor:
        return F.relu(0.8 + 0.2 * draws.uniform(id_, 1, 5, 5) + logits).mean()

    for _ in loop.steps(2):
        draws = loop.draws("", 4)
        seen = pipe.view(1.0, draws)((2 * loop.items(4)["image"] - 1,), "seen")[0]
        with torch.no_grad():
            fake = shown(draws)
        real, second, last, middle, small = d(seen, F.interpolate(seen, (32, 32)))
        said, said_second, *_ = d(*fake)
        judged = hinge(draws, "least", -real) + hinge(draws, "most", said)
        judged = judged + hinge(draws, "least_small", -second) + hinge(draws, "most_small", said_second)
        right, lower = (int(draws.uniform(id_, per="batch") < 0.5) for id_ in ("right", "lower"))

        def quarter(x: Tensor, right: int = right, lower: int = lower) -> Tensor:
            h, w = x.shape[2] // 2, x.shape[3] // 2
            return x[:, :, lower * h : (lower + 1) * h, right * w : (right + 1) * w]

        whole, part = F.interpolate(seen, (32, 32)), F.interpolate(quarter(seen), (32, 32))
        far = lpips(loop["from_last"](last), whole) + lpips(loop["from_small"](small), whole)
        far = far + lpips(loop["from_part"](quarter(middle)), part)
        for optimizer in moving:
            optimizer.zero_grad()
        (judged / 2 + far.sum()).backward()
        for optimizer in moving:
            optimizer.step()
        said, said_second, *_ = d(*shown(draws))
        descend(of_g, -(said.mean() + said_second.mean()) / 2)
        loop.average("generator", 0.999)
    loop.compare()


def test_projected_gan() -> None:
    """Hinge of four judges, on features of a frozen network that a frozen random one mixes (section 3)."""
    drawn = {"networks.features.weights": {"random": True}}
    loop = Loop(path_of("projected_gan"), REDUCED["projected_gan"] | drawn, fields={"image": IMAGES})
    g, features, mixer, judges = (loop[name] for name in ("generator", "features", "mixer", "judges"))
    of_g, of_d = (loop.adam(name, 2e-4, (0.0, 0.99)) for name in ("generator", "judges"))
    pipe = Augment(Pipe(pipe="diffaugment", p=1.0), (-1.0, 1.0))

    def judged(draws: Draws, image: Tensor, id_: str) -> list[Tensor]:
        return list(judges(*mixer(*features(pipe.view(1.0, draws)((image,), id_)[0]))))

    def mean(losses: list[Tensor]) -> Tensor:
        return torch.stack([loss.mean() for loss in losses]).mean()

    for _ in loop.steps(2):
        draws = loop.draws("generator", 4)
        fake = called(g, draws, "fake", draws.normal("z", 6))
        descend(of_g, -mean(judged(draws, fake, "shown")))
        draws = loop.draws("discriminator", 4)
        with torch.no_grad():
            fake = called(g, draws, "fake", draws.normal("z", 6))
        real = judged(draws, 2 * loop.items(4)["image"] - 1, "seen")
        said = judged(draws, fake, "shown")
        descend(of_d, mean([F.relu(1 - x) for x in real]) + mean([F.relu(1 + x) for x in said]))
        loop.average("generator", 0.5 ** (4 / 20e3))
    loop.compare()


# --- networks against formulas -----------------------------------------------------------------------


def _bare(name: str, *networks: str, frozen: str) -> list[Network]:
    """In evaluation, without norms of weights, no weight as it began."""
    plain = {f"networks.{one}.defaults.weighted.weight": "none" for one in networks if one != "mixer"}
    drawn = {f"networks.{frozen}.weights": {"random": True}}
    torch.manual_seed(7)
    game = gandsl.compile(path_of(name), {**REDUCED[name], **drawn, **plain}).to(torch.float64).game
    assert game is not None
    found = [copy.deepcopy(game.networks[one]).eval() for one in networks]
    for network in found:
        for key, tensor in network.state_dict().items():
            if not key.endswith("num_batches_tracked"):
                tensor += 0.1 * torch.rand_like(tensor)
    return found


def _parts(network: Network) -> tuple[Callable[..., Tensor], Callable[[str, Tensor], Tensor]]:
    """A convolution and a norm of the network by their names."""
    w = network.state_dict()

    def conv(id_: str, x: Tensor, **options: int) -> Tensor:
        return F.conv2d(x, w[f"{id_}.weight"], w.get(f"{id_}.bias"), **options)

    def norm(id_: str, x: Tensor) -> Tensor:
        names = ("running_mean", "running_var", "weight", "bias")
        return F.batch_norm(x, *(w[f"{id_}.{name}"] for name in names))

    return conv, norm


def test_fastgans_generator_by_formulas() -> None:
    """Sizes by turns of two convolutions and of one, without noise; 4² opens the channels of 64²."""
    (g,) = _bare("fastgan", "generator", frozen="lpips")
    w = g.state_dict()
    conv, norm = _parts(g)
    z = torch.randn(3, 6, dtype=torch.float64)

    for size in (8, 32):
        for noise in ("noise0", "noise1"):
            w[f"net.s{size}.grown.{noise}.strength"].zero_()
    x = F.glu(norm("net.norm", F.conv_transpose2d(z[:, :, None, None], w["net.start.weight"])), 1)
    first = x
    sizes = {}
    for size in (8, 16, 32, 64):
        id_ = f"net.s{size}.grown"
        x = conv(f"{id_}.conv0", x.repeat_interleave(2, 2).repeat_interleave(2, 3), padding=1)
        if size in (8, 32):
            x = F.glu(norm(f"{id_}.norm0", x), 1)
            x = F.glu(norm(f"{id_}.norm1", conv(f"{id_}.conv1", x, padding=1)), 1)
        else:
            x = F.glu(norm(f"{id_}.norm0", x), 1)
        if size == 64:
            opened = F.silu(conv("net.s64.opened.look", first))
            x = x * torch.sigmoid(conv("net.s64.opened.gate", opened))
        sizes[size] = x
    small, image = g(z)
    torch.testing.assert_close(small, torch.tanh(conv("net.small_rgb", sizes[32])), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(image, torch.tanh(conv("net.rgb", x, padding=1)), rtol=1e-9, atol=1e-9)


def test_fastgans_discriminator_by_formulas() -> None:
    """Halvings by convolutions, and by a mean beside them; 64² opens the channels of 8²."""
    (d,) = _bare("fastgan", "discriminator", frozen="lpips")
    conv, norm = _parts(d)
    image, small = (torch.randn(3, 3, size, size, dtype=torch.float64) for size in (64, 32))

    def leaky(x: Tensor) -> Tensor:
        return F.leaky_relu(x, 0.2)

    x = entered = leaky(conv("net.enter", image, padding=1))
    sizes = {}
    for size in (32, 16, 8):
        id_ = f"net.s{size}.shrunk"
        y = leaky(norm(f"{id_}.norm0", conv(f"{id_}.conv0", x, stride=2, padding=1)))
        y = leaky(norm(f"{id_}.norm1", conv(f"{id_}.conv1", y, padding=1)))
        short = leaky(norm(f"{id_}.short_norm", conv(f"{id_}.short", F.avg_pool2d(x, 2))))
        x = (y + short) / 2
        if size == 8:
            opened = F.silu(conv("net.s8.opened.look", F.avg_pool2d(entered, 16)))
            x = x * torch.sigmoid(conv("net.s8.opened.gate", opened))
        sizes[size] = x
    logit = conv("net.logit", leaky(norm("net.mixed_norm", conv("net.mixed", x))))
    second = leaky(conv("net.small16.conv", small, stride=2, padding=1))
    second = leaky(norm("net.small8.norm", conv("net.small8.conv", second, stride=2, padding=1)))
    found = (logit, conv("net.small_logit", second), x, sizes[16], second)
    for ours, formula in zip(d(image, small), found, strict=True):
        torch.testing.assert_close(ours, formula, rtol=1e-9, atol=1e-9)


def test_projected_gans_mixing_and_judging_by_formulas() -> None:
    """Channels mixed at each scale, then scales from coarse to fine; judges of separable convolutions."""
    mixer, judges = _bare("projected_gan", "mixer", "judges", frozen="features")
    mix, _ = _parts(mixer)
    conv, norm = _parts(judges)
    found = [torch.randn(3, 2, size, size, dtype=torch.float64) for size in (16, 8, 4, 2)]
    alone = [mix(f"f{at}.conv", x) for at, x in enumerate(found)]
    mixed, above = [], None
    for at, x in enumerate(reversed(alone)):
        whole = x if above is None else x + above
        larger = F.interpolate(whole, scale_factor=2, mode="bilinear", align_corners=False)
        above = mix(f"s{at}.conv", larger)
        mixed.insert(0, above)
    for ours, formula in zip(mixer(*found), mixed, strict=True):
        torch.testing.assert_close(ours, formula, rtol=1e-9, atol=1e-9)
    for at, (said, x) in enumerate(zip(judges(*mixed), mixed, strict=True)):
        for size in (16, 8):
            if x.shape[2] > size:
                id_ = f"judge{at}.d{size}"
                x = conv(f"{id_}.each", x, padding=1, groups=x.shape[1])
                x = F.avg_pool2d(F.leaky_relu(norm(f"{id_}.norm", conv(f"{id_}.conv", x)), 0.2), 2)
        torch.testing.assert_close(said, conv(f"judge{at}.logit", x), rtol=1e-9, atol=1e-9)

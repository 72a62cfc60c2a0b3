"""U-Net GAN of the zoo: its discriminator against formulas, two steps against a loop by hand, in float64."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.games.loop import Loop, box, called, descend, resting
from tests.zoo.reduced import REDUCED, path_of

STEPS = 2
BCE = F.binary_cross_entropy_with_logits


def test_its_discriminator() -> None:
    """Blocks of BigGAN's down to 4 pixels and up again, joined by what came down (2002.12655, fig. 2)."""
    plain = {"discriminator.defaults.weighted.weight": "none"}
    judge = Loop(path_of("unet_gan"), {**REDUCED["unet_gan"], **plain}, (3, 32, 32), classes=3)[
        "discriminator"
    ]
    state = judge.state_dict()

    def conv(name: str, x: Tensor) -> Tensor:
        weight = state[f"{name}.weight"]
        return F.conv2d(x, weight, state[f"{name}.bias"], padding=weight.shape[2] // 2)

    def down(name: str, x: Tensor, first: bool) -> Tensor:
        h = conv(f"{name}.conv1", conv(f"{name}.conv0", x if first else x.relu()).relu())
        short = f"{name}.short"
        return F.avg_pool2d(h, 2) + (
            conv(short, F.avg_pool2d(x, 2)) if first else F.avg_pool2d(conv(short, x), 2)
        )

    def up(name: str, x: Tensor) -> Tensor:
        h = conv(f"{name}.conv0", F.interpolate(x.relu(), scale_factor=2.0))
        return conv(f"{name}.conv1", h.relu()) + conv(f"{name}.short", F.interpolate(x, scale_factor=2.0))

    x = torch.randn(2, 3, 32, 32, dtype=torch.float64)
    y = torch.tensor([2, 0])
    d32 = down("blocks.down32", x, True)
    d16 = down("blocks.down16", d32, False)
    d8 = down("blocks.down8", d16, False)
    u8 = up("blocks.up8.up", d8)
    u16 = up("blocks.up16.up", torch.cat((u8, d16), 1))
    u32 = up("blocks.up32.up", torch.cat((u16, d32), 1))
    pooled = d8.relu().sum((2, 3))
    whole = F.linear(pooled, state["head.logit.weight"], state["head.logit.bias"])
    whole = whole + (state["head.embed.weight"][y] * pooled).sum(1, keepdim=True)
    pixels = conv("pixel", u32) + (state["kind.weight"][y][:, :, None, None] * u32).sum(1, keepdim=True)
    torch.testing.assert_close(judge(x, y), (whole, pixels), rtol=1e-9, atol=1e-9)


def test_unet_gan() -> None:
    """A step on images as they are, and one on mixed ones, each with what is said of whole and pixels."""
    often = {"shape": "linear", "start": 0.2, "end": 1.0, "over": "4 img"}
    changes = {**REDUCED["unet_gan"], "game.body.often.value": often, "training.ema.decay": 0.9}
    loop = Loop(path_of("unet_gan"), changes, (3, 32, 32), classes=3)
    g, d = loop["generator"], loop["discriminator"]
    of_g, of_d = loop.adam("generator", 5e-5, (0.0, 0.999)), loop.adam("discriminator", 2e-4, (0.0, 0.999))
    coins = []
    for step in loop.steps(STEPS):
        x, y = loop.real(4)
        assert y is not None
        draws = loop.draws("discriminator", 4)
        z, c = draws.normal("z", 8), loop.labels(draws)
        corner, share, side = draws.uniform("corner", 2), draws.uniform("share"), draws.uniform("side")
        boxes = [
            box(32, top, left, s) for (top, left), s in zip(corner.tolist(), share.tolist(), strict=True)
        ]
        mask = torch.stack([b if s >= 0.5 else 1 - b for b, s in zip(boxes, side.tolist(), strict=True)])
        with torch.no_grad():
            fake, twin = called(g, draws, "fake", z, c), called(g, draws, "twin", z, y)
        real, said = d(x, y), d(fake, c)
        with resting(d, "head"):  # nothing is wanted of the twin as a whole
            twin_said = d(twin, y)
        cut = d(mask * x + (1 - mask) * twin, y)
        ones, zeros = [torch.ones_like(one) for one in real], [torch.zeros_like(one) for one in real]
        plain = [BCE(a, o) + BCE(b, n) for a, b, o, n in zip(real, said, ones, zeros, strict=True)]
        wanted = mask * real[1] + (1 - mask) * twin_said[1]
        mixed = BCE(cut[0], zeros[0]) + BCE(cut[1], mask) + F.mse_loss(cut[1], wanted)
        coins.append(float(draws.uniform("coin", per="batch")) < (0.2, 1.0)[step])
        descend(of_d, mixed if coins[-1] else sum(plain, torch.zeros(())) / 2)

        draws = loop.draws("generator", 4)
        c = loop.labels(draws)
        whole, pixels = d(called(g, draws, "fake", draws.normal("z", 8), c), c)
        descend(of_g, BCE(whole, torch.ones_like(whole)) / 2 + BCE(pixels, torch.ones_like(pixels)) / 2)
        loop.average("generator", 0.9)
    assert coins == [False, True]
    loop.compare()

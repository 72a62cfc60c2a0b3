"""The new architectures once more, by hand in plain torch, and which of their keys are which of ours."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from tests.specs.parts import (
    Attention,
    Conv,
    Dense,
    Embed,
    ResidualDown,
    ResidualUp,
    Styled,
    ToRGB,
    down2,
    lrelu,
    stddev_channel,
    unit_rms,
    up2,
    upfirdn,
)
from tests.specs.plain_twins import rectangle, siamese
from tests.specs.token_twins import Formula, generated, judged, keys
from tests.specs.twin import Keys, Twin, within

RESIDUAL = ("conv0", "conv1", "short")


def residual_up(ours: str, theirs: str) -> Keys:
    norms = {f"{ours}.norm{i}.norm": f"{theirs}.bn{i}" for i in (0, 1)}
    return within(ours, theirs, RESIDUAL) | norms


# --- U-Net discriminator (arXiv:2002.12655): 32 × 32, 8 channels at full size ---------------------


class UNetGenerator(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense = Dense(16, 64 * 16)
        self.blocks = nn.ModuleList([ResidualUp(64, 32), ResidualUp(32, 16), ResidualUp(16, 8)])
        self.rgb = Conv(8, 3)

    def forward(self, z: Tensor) -> Tensor:
        x = self.dense(z).view(-1, 64, 4, 4)
        for block in self.blocks:
            x = block(x)
        return torch.tanh(self.rgb(torch.relu(x)))


class UNetDiscriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = Conv(3, 8, rule="spectral")
        self.down = nn.ModuleList([ResidualDown(8, 16), ResidualDown(16, 32), ResidualDown(32, 64)])
        self.up = nn.ModuleList(
            Conv(*sides, rule="spectral") for sides in ((64 + 32, 32), (32 + 16, 16), (16 + 8, 8))
        )
        self.pixel = Conv(8, 1, 1, rule="spectral")
        self.whole = Dense(64, 1, "spectral")

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        x, seen = self.first(image), []
        for block in self.down:
            seen.append(x)
            x = block(x)
        whole = self.whole(x.sum((2, 3)))
        for conv in self.up:
            x = conv(torch.relu(torch.cat([up2(x), seen.pop()], 1)))
        return whole, self.pixel(x)


unet = Twin(
    UNetGenerator,
    {"dense": "dense", "rgb": "rgb"}
    | residual_up("stages.s8", "blocks.0")
    | residual_up("stages.s16", "blocks.1")
    | residual_up("stages.s32", "blocks.2"),
    UNetDiscriminator,
    {"from_rgb": "first", "pixel": "pixel", "whole": "whole"}
    | within("unet.down32", "down.0", RESIDUAL)
    | within("unet.down16", "down.1", RESIDUAL)
    | within("unet.down8", "down.2", RESIDUAL)
    | {"unet.up8.conv": "up.0", "unet.up16.conv": "up.1", "unet.up32.conv": "up.2"},
)


# --- Skip-layer excitation (arXiv:2101.04775): 64 × 64, the gate at 64 made from the features at 8


def gated(x: Tensor) -> Tensor:
    """Gated linear unit."""
    a, b = x.chunk(2, 1)
    return a / (1 + torch.exp(-b))


class GatedUp(nn.Module):
    def __init__(self, c_in, c_out):
        super().__init__()
        self.conv, self.bn = Conv(c_in, 2 * c_out, rule="spectral", bias=False), nn.BatchNorm2d(2 * c_out)

    def forward(self, x: Tensor) -> Tensor:
        return gated(self.bn(self.conv(up2(x))))


class ExcitationGenerator(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense = Dense(16, 2 * 64 * 16)
        self.up8, self.up16, self.up32, self.up64 = (
            GatedUp(*c) for c in ((64, 32), (32, 16), (16, 8), (8, 4))
        )
        self.squeeze = Conv(32, 4, 4, bias=False, padding=0)
        self.gate = Conv(4, 4, 1, bias=False)
        self.rgb = Conv(4, 3)

    def forward(self, z: Tensor) -> Tensor:
        low = self.up8(gated(self.dense(z).view(-1, 128, 4, 4)))
        x = self.up64(self.up32(self.up16(low)))
        gate = torch.sigmoid(self.gate(lrelu(self.squeeze(down2(low)), 0.1)))
        return torch.tanh(self.rgb(x * gate))


class ResidualDiscriminator(nn.Module):
    """Residual blocks, the sum over space of their activations, a logit; with classes, the projection."""

    def __init__(self, widths, classes=0):
        super().__init__()
        pairs = enumerate(zip([3, *widths[:-1]], widths, strict=True))
        self.blocks = nn.ModuleList(ResidualDown(a, b, first=i == 0) for i, (a, b) in pairs)
        self.logit = Dense(widths[-1], 1, "spectral")
        if classes:
            self.embed = Embed(classes, widths[-1], "spectral")

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        for block in self.blocks:
            x = block(x)
        h = torch.relu(x).sum((2, 3))
        return self.logit(h) if y is None else self.logit(h) + (h * self.embed(y)).sum(1, keepdim=True)


excitation = Twin(
    ExcitationGenerator,
    {"dense": "dense", "rgb": "rgb", "s64.excite.conv0": "squeeze", "s64.excite.conv1": "gate"}
    | {f"s{res}.up.conv": f"up{res}.conv" for res in (8, 16, 32, 64)}
    | {f"s{res}.up.norm": f"up{res}.bn" for res in (8, 16, 32, 64)},
    lambda: ResidualDiscriminator([4, 8, 16, 32]),
    {"head.logit": "logit"}
    | within("stages.s64", "blocks.0", RESIDUAL)
    | within("stages.s32", "blocks.1", RESIDUAL)
    | within("stages.s16", "blocks.2", RESIDUAL)
    | within("stages.s8", "blocks.3", RESIDUAL),
)


# --- Style-based generators at 16 × 16: with self-attention at 8; with classes --------------------

WIDTHS = {4: 64, 8: 32, 16: 16}


class StyleGenerator(nn.Module):
    """StyleGAN2 with two mapping layers and six styles."""

    def __init__(self, classes=0, attention_at=None):
        super().__init__()
        self.classes, self.attention_at = classes, attention_at
        if classes:
            self.embed = Dense(classes, 16, "equalized")
        self.mapping = nn.ModuleList(
            Dense(n, 16, "equalized", slow=0.01) for n in (32 if classes else 16, 16)
        )
        self.register_buffer("average", torch.zeros(16))
        self.constant = nn.Parameter(torch.randn(64, 4, 4))
        self.conv4 = Styled(64, 64, 4, 16)
        self.up8, self.conv8 = Styled(64, 32, 8, 16, up=True), Styled(32, 32, 8, 16)
        self.up16, self.conv16 = Styled(32, 16, 16, 16, up=True), Styled(16, 16, 16, 16)
        self.rgb4, self.rgb8, self.rgb16 = ToRGB(64, 16), ToRGB(32, 16), ToRGB(16, 16)
        if attention_at:
            self.attention = Attention(WIDTHS[attention_at], "equalized")

    def style(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        w = unit_rms(z)
        if y is not None:
            w = torch.cat([w, unit_rms(self.embed(torch.eye(self.classes, dtype=z.dtype)[y]))], 1)
        for layer in self.mapping:
            w = math.sqrt(2) * lrelu(layer(w))
        if self.training:
            self.average = 0.995 * self.average + 0.005 * w.detach().mean(0)
        return w

    def synthesis(self, ws: Tensor) -> Tensor:
        """ws: a style for each layer, [N, 6, 16]; an image layer shares the next convolution's."""
        w = ws.unbind(1)
        x = self.conv4(self.constant.expand(len(ws), 64, 4, 4), w[0])
        image = self.rgb4(x, w[1])
        for i, res in enumerate((8, 16)):
            up, conv, rgb = (getattr(self, f"{name}{res}") for name in ("up", "conv", "rgb"))
            x = conv(up(x, w[2 * i + 1]), w[2 * i + 2])
            if res == self.attention_at:
                x = self.attention(x)
            image = upfirdn(image, [1, 3, 3, 1], up=2, pad=(2, 1, 2, 1), gain=4) + rgb(x, w[2 * i + 3])
        return image

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return self.synthesis(self.style(z, y)[:, None].expand(-1, 6, -1))


class StyleDiscriminator(nn.Module):
    """StyleGAN2's, with residual blocks."""

    def __init__(self):
        super().__init__()
        self.first = Conv(3, 16, 1, "equalized")
        for res, out in ((16, 32), (8, 64)):
            self.add_module(f"conv{res}", Conv(WIDTHS[res], WIDTHS[res], 3, "equalized"))
            self.add_module(f"down{res}", Conv(WIDTHS[res], out, 3, "equalized", padding=0, stride=2))
            self.add_module(f"short{res}", Conv(WIDTHS[res], out, 1, "equalized", bias=False))
        self.last = Conv(65, 64, 3, "equalized")
        self.dense0, self.dense1 = Dense(1024, 64, "equalized"), Dense(64, 1, "equalized")

    def forward(self, image: Tensor) -> Tensor:
        x = math.sqrt(2) * lrelu(self.first(image))
        for res in (16, 8):
            conv, down, short = (getattr(self, f"{name}{res}") for name in ("conv", "down", "short"))
            y = math.sqrt(2) * lrelu(conv(x))
            y = math.sqrt(2) * lrelu(down(upfirdn(y, [1, 3, 3, 1], pad=(2, 2, 2, 2))))
            x = (y + short(upfirdn(x, [1, 3, 3, 1], down=2, pad=(1, 1, 1, 1)))) / math.sqrt(2)
        x = math.sqrt(2) * lrelu(self.last(stddev_channel(x, 4)))
        return self.dense1(math.sqrt(2) * lrelu(self.dense0(x.flatten(1))))


def styled(ours: str, theirs: str) -> Keys:
    tensors = {
        "conv.weight": "weight",
        "noise.strength": "strength",
        "noise.constant": "noise",
        "bias.bias": "bias",
    }
    return {f"{ours}.affine": f"{theirs}.affine"} | {
        f"{ours}.{a}": f"{theirs}.{b}" for a, b in tensors.items()
    }


def to_rgb(ours: str, theirs: str) -> Keys:
    tensors = {"affine": "affine", "conv.weight": "weight", "bias.bias": "bias"}
    return {f"{ours}.{a}": f"{theirs}.{b}" for a, b in tensors.items()}


STYLE_GENERATOR = (
    {
        "mapping.fc0.linear": "mapping.0",
        "mapping.fc1.linear": "mapping.1",
        "mapping.centre.average": "average",
    }
    | {"start.weight": "constant"}
    | styled("synthesis.s4.conv1", "conv4")
    | styled("synthesis.s8.conv0", "up8")
    | styled("synthesis.s8.conv1", "conv8")
    | styled("synthesis.s16.conv0", "up16")
    | styled("synthesis.s16.conv1", "conv16")
    | to_rgb("synthesis.s4.rgb", "rgb4")
    | to_rgb("synthesis.s8.rgb", "rgb8")
    | to_rgb("synthesis.s16.rgb", "rgb16")
)

attention = Twin(
    lambda: StyleGenerator(attention_at=8),
    STYLE_GENERATOR
    | {"synthesis.s8.attention.gamma.weight": "attention.gamma"}
    | within("synthesis.s8.attention", "attention", ("theta", "phi", "g", "o")),
    StyleDiscriminator,
    {"from_rgb.conv": "first", "head.conv": "last", "head.hidden": "dense0", "head.out": "dense1"}
    | {f"stages.s{res}.conv0.conv": f"conv{res}" for res in (16, 8)}
    | {f"stages.s{res}.conv1.conv": f"down{res}" for res in (16, 8)}
    | {f"stages.s{res}.short.conv": f"short{res}" for res in (16, 8)},
)

projection = Twin(
    lambda: StyleGenerator(classes=10),
    STYLE_GENERATOR | {"mapping.embed": "embed"},
    lambda: ResidualDiscriminator([32, 64], classes=10),
    {"head.logit": "logit", "head.embed": "embed"}
    | within("stages.s16", "blocks.0", RESIDUAL)
    | within("stages.s8", "blocks.1", RESIDUAL),
)


tokens = Twin(
    lambda: Formula("generator", generated),
    dict(keys("generator")),
    lambda: Formula("discriminator", judged),
    dict(keys("discriminator")),
)

TWINS: dict[str, Twin] = {
    "unet_discriminator": unet,
    "skip_excitation": excitation,
    "style_attention": attention,
    "style_projection": projection,
    "rectangle_rgba": rectangle,
    "siamese": siamese,
    "tokens": tokens,
}
"""Spec → its twin."""

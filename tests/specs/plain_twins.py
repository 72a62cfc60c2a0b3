"""Twins of plain convolutions: sides that differ, with an alpha channel; weights used several times."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from tests.specs.parts import Conv, Dense, down2, lrelu, stddev_channel, unit_rms, up2
from tests.specs.twin import Twin

# --- 96 × 160 with an alpha channel ---------------------------------------------------------------

HIGH = {6: 32, 12: 32, 24: 16, 48: 8, 96: 4}
"""Channels by height; 3 × 5 has 32."""


class RectangleGenerator(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense = Dense(16, 32 * 15, "equalized", math.sqrt(2))
        self.convs = nn.ModuleList(
            Conv(a, b, 3, "equalized", math.sqrt(2))
            for a, b in zip([32, *HIGH.values()], HIGH.values(), strict=False)
        )
        self.rgba = Conv(4, 4, 1, "equalized")

    def forward(self, z: Tensor) -> Tensor:
        x = self.dense(unit_rms(z)).view(-1, 32, 3, 5)
        for conv in self.convs:
            x = unit_rms(lrelu(conv(up2(x))))
        return self.rgba(x)


class RectangleDiscriminator(nn.Module):
    def __init__(self):
        super().__init__()
        gain = math.sqrt(2)
        self.first = Conv(4, 4, 1, "equalized", gain)
        widths = [4, 8, 16, 32, 32, 32]
        self.convs = nn.ModuleList(Conv(a, b, 3, "equalized", gain) for a, b in pairwise(widths))
        self.last = Conv(33, 32, 3, "equalized", gain)
        self.dense0, self.dense1 = Dense(480, 32, "equalized", gain), Dense(32, 1, "equalized", 1.0)

    def forward(self, image: Tensor) -> Tensor:
        x = lrelu(self.first(image))
        for conv in self.convs:
            x = down2(lrelu(conv(x)))
        return self.dense1(lrelu(self.dense0(lrelu(self.last(stddev_channel(x, 4))).flatten(1))))


SIZES = ("6x10", "12x20", "24x40", "48x80", "96x160")

rectangle = Twin(
    RectangleGenerator,
    {"dense": "dense", "rgba": "rgba"} | {f"s{size}.conv": f"convs.{i}" for i, size in enumerate(SIZES)},
    RectangleDiscriminator,
    {"from_rgba.conv": "first", "head.conv": "last", "head.hidden": "dense0", "head.out": "dense1"}
    | {f"s{size}.conv": f"convs.{i}" for i, size in enumerate(reversed(SIZES))},
)

# --- weights used several times: a cell in G, an encoder of two sizes in D -----------------------


class Cell(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.conv, self.bn = Conv(2 * width, width), nn.BatchNorm2d(width)

    def forward(self, x: Tensor, start: Tensor) -> Tensor:
        both = torch.cat([x, start], 1)
        return lrelu(self.bn(self.conv(both))) + self.conv(both)


class SiameseGenerator(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense, self.cell, self.rgb = Dense(8, 8 * 16), Cell(8), Conv(8, 3)

    def forward(self, z: Tensor) -> Tensor:
        x = start = self.dense(z).view(-1, 8, 4, 4)
        for _ in range(3):
            x = self.cell(x, start)
        return torch.tanh(self.rgb(up2(up2(x))))


class SiameseDiscriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv0, self.conv1 = Conv(3, 8, rule="spectral"), Conv(8, 16, rule="spectral")
        self.logit = Dense(32, 1, "spectral")

    def encoded(self, x: Tensor) -> Tensor:
        return lrelu(self.conv1(down2(lrelu(self.conv0(x))))).mean((2, 3))

    def forward(self, image: Tensor) -> Tensor:
        return self.logit(torch.cat([self.encoded(image), self.encoded(down2(image))], 1))


siamese = Twin(
    SiameseGenerator,
    {"dense": "dense", "rgb": "rgb", "step.conv": "cell.conv", "step.norm": "cell.bn"},
    SiameseDiscriminator,
    {"near.conv0": "conv0", "near.conv1": "conv1", "logit": "logit"},
)

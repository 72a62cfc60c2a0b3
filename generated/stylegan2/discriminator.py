"""The discriminator of stylegan2, generated from stylegan2.yaml: edit that, not this."""

import math
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from gandsl_runtime import layers, ops
from gandsl_runtime.network import Network, Port


class ConvLayer(nn.Module):
    """Convolution, norm, activation; filtered up- or downsampling is part of the convolution.

    Block `conv` (gandsl/std/layer.yaml:9): from_rgb, stages.s1024.conv0, … stages.s8.conv0.
    """

    def __init__(self, in_channels: int, out_channels: int, *, kernel: int, padding: int) -> None:
        super().__init__()
        self.conv = layers.Conv2d(
            in_channels, out_channels, kernel=kernel, padding=padding, weight="equalized"
        )

    def forward(self, x: Tensor) -> Tensor:
        """x [N, in_channels, H, W] → [N, out_channels, H, W]"""
        conv = self.conv(x)  # [N, out_channels, H, W]
        return ops.leaky_relu(conv, gain=math.sqrt(2))


class DownsamplingConvLayer(nn.Module):
    """Convolution, norm, activation; filtered up- or downsampling is part of the convolution.

    Block `conv` (gandsl/std/layer.yaml:9): stages.s1024.conv1, stages.s512.conv1, … stages.s8.conv1.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.blurred = layers.Fir(pad=(2, 2, 2, 2))
        self.conv = layers.Conv2d(in_channels, out_channels, stride=2, padding=0, weight="equalized")

    def forward(self, x: Tensor) -> Tensor:
        """x [N, in_channels, H, W] → [N, out_channels, H / 2, W / 2]"""
        blurred = self.blurred(x)  # [N, in_channels, H + 1, W + 1]
        conv = self.conv(blurred)  # [N, out_channels, H / 2, W / 2]
        return ops.leaky_relu(conv, gain=math.sqrt(2))


class ConvLayerShort(nn.Module):
    """Convolution, norm, activation; filtered up- or downsampling is part of the convolution.

    Block `conv` (gandsl/std/layer.yaml:9): stages.s1024.short, stages.s512.short, … stages.s8.short.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.blurred = layers.Fir(down=2, pad=(1, 1, 1, 1))
        self.conv = layers.Conv2d(
            in_channels, out_channels, kernel=1, padding=0, bias=False, weight="equalized"
        )

    def forward(self, x: Tensor) -> Tensor:
        """x [N, in_channels, H, W] → [N, out_channels, H / 2, W / 2]"""
        blurred = self.blurred(x)  # [N, in_channels, H / 2, W / 2]
        return self.conv(blurred)


class Stage(nn.Module):
    """Stages stages.s1024, stages.s512, … stages.s8 (stylegan2.yaml:92)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv0 = ConvLayer(in_channels, in_channels, kernel=3, padding=1)
        self.conv1 = DownsamplingConvLayer(in_channels, out_channels)
        self.short = ConvLayerShort(in_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """x [N, in_channels, H, W] → [N, out_channels, H / 2, W / 2]"""
        conv0 = self.conv0(x)
        conv1 = self.conv1(conv0)  # [N, out_channels, H / 2, W / 2]
        short = self.short(x)  # [N, out_channels, H / 2, W / 2]
        return ops.add([conv1, short], scale=math.sqrt(1 / 2))


class ResidualTopology(nn.Module):
    """Each stage is added to its shortcut.

    Block `residual` (gandsl/std/topology.yaml:19): stages.
    """

    def __init__(self) -> None:
        super().__init__()
        self.s1024 = Stage(32, 64)
        self.s512 = Stage(64, 128)
        self.s256 = Stage(128, 256)
        self.s128 = Stage(256, 512)
        self.s64 = Stage(512, 512)
        self.s32 = Stage(512, 512)
        self.s16 = Stage(512, 512)
        self.s8 = Stage(512, 512)

    def forward(self, x: Tensor) -> Tensor:
        """x [N, 32, 1024, 1024] → [N, 512, 4, 4]"""
        s1024 = self.s1024(x)  # [N, 64, 512, 512]
        s512 = self.s512(s1024)  # [N, 128, 256, 256]
        s256 = self.s256(s512)  # [N, 256, 128, 128]
        s128 = self.s128(s256)  # [N, 512, 64, 64]
        s64 = self.s64(s128)  # [N, 512, 32, 32]
        s32 = self.s32(s64)  # [N, 512, 16, 16]
        s16 = self.s16(s32)  # [N, 512, 8, 8]
        return self.s8(s16)


class StddevHead(nn.Module):
    """Minibatch standard deviation, convolution, two linear layers.

    Block `stddev` (gandsl/std/head.yaml:5): head.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv = layers.Conv2d(513, 512, weight="equalized")
        self.hidden = layers.Linear(8192, 512, weight="equalized")
        self.out = layers.Linear(512, 1, weight="equalized")

    def forward(self, x: Tensor) -> Tensor:
        """x [N, 512, 4, 4] → [N, 1]"""
        deviation = ops.minibatch_stddev(x)  # [N, 513, 4, 4]
        conv = self.conv(deviation)  # [N, 512, 4, 4]
        act0 = ops.leaky_relu(conv, gain=math.sqrt(2))
        flat = ops.flatten(act0)  # [N, 8192]
        hidden = self.hidden(flat)  # [N, 512]
        act1 = ops.leaky_relu(hidden, gain=math.sqrt(2))
        return self.out(act1)


class Discriminator(Network):
    """The discriminator; its parameters are named by the spec's node ids."""

    inputs = (Port("image", "Image", (3, 1024, 1024)),)
    outputs = (Port("logit", "Logits", (1,)),)

    def __init__(self) -> None:
        super().__init__()
        self.from_rgb = ConvLayer(3, 32, kernel=1, padding=0)
        self.stages = ResidualTopology()
        self.head = StddevHead()

    def forward(self, image: Tensor) -> Tensor:
        """image [N, 3, 1024, 1024] → [N, 1]"""
        from_rgb = self.from_rgb(image)  # [N, 32, 1024, 1024]
        stages = self.stages(from_rgb)  # [N, 512, 4, 4]
        return self.head(stages)

    def program(
        self, entry: str = "forward", level: int | None = None, fading: bool = False
    ) -> Callable[..., Any]:
        """The program for an entry, level (None: the last) and fade; ValueError if there is none."""
        programs: dict[tuple[str, int, bool], Callable[..., Any]] = {
            ("forward", 0, False): self.forward,
        }
        found = programs.get((entry, 0 if level is None else level, fading))
        if found is None:
            raise ValueError(f"there is no program {entry!r} for level {level}, fading {fading}")
        return found

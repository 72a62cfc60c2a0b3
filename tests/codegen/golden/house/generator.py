"""The generator of house, generated from house.yaml: edit that, not this.

Each stage but the first doubles the size.
"""

import math
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from gandsl_runtime import layers, ops
from gandsl_runtime.network import Network, Port


class Styled(nn.Module):
    """A modulated convolution with its style's affine.

    Block `styled` (house.yaml:19): s4.conv0, s4.conv1, … s16.conv1.
    """

    def __init__(self, in_channels: int, out_channels: int, *, size: int) -> None:
        super().__init__()
        self.affine = layers.Linear(16, in_channels, weight="equalized", bias_init=1.0)
        self.conv = layers.ModulatedConv2d(in_channels, out_channels, weight="equalized")
        self.noise = layers.Noise(out_channels, size=size)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """x [N, in_channels, H, W], style [N, 16] → [N, out_channels, H, W]"""
        affine = self.affine(style)  # [N, in_channels]
        conv = self.conv(x, affine)
        noise = self.noise(conv)
        return ops.leaky_relu(noise, gain=math.sqrt(2))


class StageS4(nn.Module):
    """Stage s4 (house.yaml:60)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv0 = Styled(8, 8, size=4)
        self.conv1 = Styled(8, 8, size=4)
        self.rgb = layers.Conv2d(8, 3, kernel=1, weight="equalized")

    def forward(self, x: Tensor, conv0_style: Tensor, conv1_style: Tensor) -> Tensor:
        """x [N, 8, 4, 4], conv0_style [N, 16], conv1_style [N, 16] → [N, 8, 4, 4]"""
        conv0 = self.conv0(x, conv0_style)
        return self.conv1(conv0, conv1_style)

    def forward_rgb(self, x: Tensor, conv0_style: Tensor, conv1_style: Tensor) -> tuple[Tensor, Tensor]:
        """x [N, 8, 4, 4], conv0_style [N, 16], conv1_style [N, 16]

        → conv1_act [N, 8, 4, 4], rgb [N, 3, 4, 4]
        """
        conv1_act = self.forward(x, conv0_style, conv1_style)
        rgb = self.rgb(conv1_act)  # [N, 3, 4, 4]
        return conv1_act, rgb


class Stage(nn.Module):
    """Stages s8, s16 (house.yaml:60)."""

    def __init__(self, in_channels: int, *, size: int) -> None:
        super().__init__()
        self.conv0 = Styled(in_channels, 4, size=size)
        self.conv1 = Styled(4, 4, size=size)
        self.rgb = layers.Conv2d(4, 3, kernel=1, weight="equalized")

    def forward(self, x: Tensor, conv0_style: Tensor, conv1_style: Tensor) -> Tensor:
        """x [N, in_channels, H, W], conv0_style [N, 16], conv1_style [N, 16] → [N, 4, 2H, 2W]"""
        up = ops.upsample(x)  # [N, in_channels, 2H, 2W]
        conv0 = self.conv0(up, conv0_style)  # [N, 4, 2H, 2W]
        return self.conv1(conv0, conv1_style)

    def forward_rgb(self, x: Tensor, conv0_style: Tensor, conv1_style: Tensor) -> tuple[Tensor, Tensor]:
        """x [N, in_channels, H, W], conv0_style [N, 16], conv1_style [N, 16]

        → conv1_act [N, 4, 2H, 2W], rgb [N, 3, 2H, 2W]
        """
        conv1_act = self.forward(x, conv0_style, conv1_style)  # [N, 4, 2H, 2W]
        rgb = self.rgb(conv1_act)  # [N, 3, 2H, 2W]
        return conv1_act, rgb

    def forward_faded(
        self, x: Tensor, image: Tensor, conv0_style: Tensor, conv1_style: Tensor, alpha: Tensor
    ) -> Tensor:
        """x [N, in_channels, H, W], image [N, 3, H, W], conv0_style [N, 16], conv1_style [N, 16], alpha []

        → [N, 3, 2H, 2W]
        """
        _, rgb = self.forward_rgb(x, conv0_style, conv1_style)  # [N, 3, 2H, 2W]
        enlarged = ops.upsample(image)  # [N, 3, 2H, 2W]
        return ops.lerp(enlarged, rgb, alpha)


class Generator(Network):
    """The generator; its parameters are named by the spec's node ids."""

    inputs = (Port("z", "Latent", (16,), distribution="normal"),)
    outputs = (Port("image", "Image", (3, 16, 16)),)
    levels = ((4, 4), (8, 8), (16, 16))
    has_styles = True

    def __init__(self) -> None:
        super().__init__()
        self.hidden = layers.Linear(16, 16, weight="equalized", lr_multiplier=0.01)
        self.average = layers.TrackAverage(16)
        self.start = layers.Constant(8, size=4)
        self.s4 = StageS4()
        self.s8 = Stage(8, size=8)
        self.s16 = Stage(4, size=16)

    def forward(self, z: Tensor) -> Tensor:
        """z [N, 16] → [N, 3, 16, 16]"""
        return self.synthesize(self.map_styles(z))

    def map_styles(self, z: Tensor) -> Tensor:
        """z [N, 16] → [N, 6, 16]"""
        hidden = self.hidden(z)
        act = ops.leaky_relu(hidden)
        average = self.average(act)
        return ops.broadcast_styles(average, count=6)

    def synthesize(self, ws: Tensor) -> Tensor:
        """ws [N, 6, 16] → [N, 3, 16, 16]"""
        start = self.start(ws)  # [N, 8, 4, 4]
        w = [ops.select(ws, index=i) for i in range(6)]  # each [N, 16]
        s4 = self.s4(start, w[0], w[1])
        s8 = self.s8(s4, w[2], w[3])  # [N, 4, 8, 8]
        _, s16_image = self.s16.forward_rgb(s8, w[4], w[5])  # [N, 3, 16, 16]
        return s16_image

    def fade_16(self, z: Tensor, alpha: Tensor) -> Tensor:
        """z [N, 16], alpha [] → [N, 3, 16, 16]"""
        return self.synthesize_fade_16(self.map_styles_fading(z, alpha), alpha)

    def map_styles_fading(self, z: Tensor, alpha: Tensor) -> Tensor:
        """z [N, 16], alpha [] → [N, 6, 16]"""
        return self.map_styles(z)

    def synthesize_fade_16(self, ws: Tensor, alpha: Tensor) -> Tensor:
        """ws [N, 6, 16], alpha [] → [N, 3, 16, 16]"""
        start = self.start(ws)  # [N, 8, 4, 4]
        w = [ops.select(ws, index=i) for i in range(6)]  # each [N, 16]
        s4 = self.s4(start, w[0], w[1])
        s8, s8_image = self.s8.forward_rgb(s4, w[2], w[3])  # [N, 4, 8, 8]
        return self.s16.forward_faded(s8, s8_image, w[4], w[5], alpha)

    def forward_8(self, z: Tensor) -> Tensor:
        """z [N, 16] → [N, 3, 8, 8]"""
        return self.synthesize_8(self.map_styles(z))

    def synthesize_8(self, ws: Tensor) -> Tensor:
        """ws [N, 6, 16] → [N, 3, 8, 8]"""
        start = self.start(ws)  # [N, 8, 4, 4]
        w = [ops.select(ws, index=i) for i in range(4)]  # each [N, 16]
        s4 = self.s4(start, w[0], w[1])
        _, s8_image = self.s8.forward_rgb(s4, w[2], w[3])  # [N, 3, 8, 8]
        return s8_image

    def fade_8(self, z: Tensor, alpha: Tensor) -> Tensor:
        """z [N, 16], alpha [] → [N, 3, 8, 8]"""
        return self.synthesize_fade_8(self.map_styles_fading(z, alpha), alpha)

    def synthesize_fade_8(self, ws: Tensor, alpha: Tensor) -> Tensor:
        """ws [N, 6, 16], alpha [] → [N, 3, 8, 8]"""
        start = self.start(ws)  # [N, 8, 4, 4]
        w = [ops.select(ws, index=i) for i in range(4)]  # each [N, 16]
        s4, s4_image = self.s4.forward_rgb(start, w[0], w[1])
        return self.s8.forward_faded(s4, s4_image, w[2], w[3], alpha)

    def forward_4(self, z: Tensor) -> Tensor:
        """z [N, 16] → [N, 3, 4, 4]"""
        return self.synthesize_4(self.map_styles(z))

    def synthesize_4(self, ws: Tensor) -> Tensor:
        """ws [N, 6, 16] → [N, 3, 4, 4]"""
        start = self.start(ws)  # [N, 8, 4, 4]
        w = [ops.select(ws, index=i) for i in range(2)]  # each [N, 16]
        _, s4_image = self.s4.forward_rgb(start, w[0], w[1])  # [N, 3, 4, 4]
        return s4_image

    def program(
        self, entry: str = "forward", level: int | None = None, fading: bool = False
    ) -> Callable[..., Any]:
        """The program for an entry, level (None: the last) and fade; ValueError if there is none."""
        programs: dict[tuple[str, int, bool], Callable[..., Any]] = {
            ("forward", 0, False): self.forward_4,
            ("mapping", 0, False): self.map_styles,
            ("synthesis", 0, False): self.synthesize_4,
            ("forward", 1, False): self.forward_8,
            ("mapping", 1, False): self.map_styles,
            ("synthesis", 1, False): self.synthesize_8,
            ("forward", 1, True): self.fade_8,
            ("mapping", 1, True): self.map_styles_fading,
            ("synthesis", 1, True): self.synthesize_fade_8,
            ("forward", 2, False): self.forward,
            ("mapping", 2, False): self.map_styles,
            ("synthesis", 2, False): self.synthesize,
            ("forward", 2, True): self.fade_16,
            ("mapping", 2, True): self.map_styles_fading,
            ("synthesis", 2, True): self.synthesize_fade_16,
        }
        found = programs.get((entry, 2 if level is None else level, fading))
        if found is None:
            raise ValueError(f"there is no program {entry!r} for level {level}, fading {fading}")
        return found
